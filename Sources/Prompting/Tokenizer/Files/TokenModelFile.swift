import JSON

/// The `model` of a tokenizer.json while it is read.
struct TokenModelFile {
    let vocabulary: TokenVocabulary
    private var settings: [String: JSONValue] = [:]
    private var scores: [Double] = []
    private var merges: MergeLoader.Result?
    private var isUnigram = false

    init(numBytes: Int, isByteLevel: Bool) {
        vocabulary = TokenVocabulary(numBytes: numBytes, isByteLevel: isByteLevel)
    }

    /// - Parameter members: settings that count instead of the file's.
    mutating func read(_ reader: inout JSONScanner, overriding members: [JSONMember]) throws(JSONError) {
        try reader.expect(UInt8(ascii: "{"))
        if reader.skip(UInt8(ascii: "}")) { return }
        // Merges name tokens, and how they are joined is a setting: they are read last.
        var mergesPlace: JSONScanner?
        repeat {
            let key = try reader.readString()
            try reader.expect(UInt8(ascii: ":"))
            switch key {
            case "vocab":
                if reader.peek() == UInt8(ascii: "[") {
                    try readScores(&reader)
                } else {
                    try readVocabulary(&reader)
                }
            case "merges":
                mergesPlace = reader
                try reader.skipValue()
            default: settings[key] = try reader.readValue()
            }
        } while try reader.more(until: UInt8(ascii: "}"))
        for member in members { settings[member.key] = member.value }
        if settings["dropout"]?.isTruthy == true {
            throw reader.failure(
                .content("model.dropout \(settings["dropout"]?.text() ?? "") is not supported: set it to null"))
        }
        if type == "BPE" {
            guard var place = mergesPlace else {
                throw reader.failure(.content("model.merges is missing"))
            }
            var loader = MergeLoader(vocabulary, prefixLength: text("continuing_subword_prefix").count)
            merges = try loader.read(&place)
        }
        guard ["BPE", "Unigram", "WordPiece", "WordLevel"].contains(type) else {
            throw reader.failure(.content("model.type \"\(type)\" is not supported"))
        }
        guard isUnigram == (type == "Unigram") else {
            throw reader.failure(.content("model.vocab of \(type) is not of the form that this type has"))
        }
    }

    /// Old files do not name the type.
    private var type: String {
        if let name = settings["type"]?.stringValue { return name }
        if isUnigram { return "Unigram" }
        return settings["max_input_chars_per_word"] != nil ? "WordPiece" : "BPE"
    }

    private func text(_ key: String) -> [UInt8] { Array((settings[key]?.stringValue ?? "").utf8) }

    private func flag(_ key: String) -> Bool { settings[key]?.boolValue ?? false }

    private var unknown: Int32? { settings["unk_token"]?.stringValue.flatMap { vocabulary.id(of: $0) } }

    /// The model.
    func make() -> TokenModel {
        if let merges { return .bytePair(bytePair(merges)) }
        if isUnigram {
            let unknown = settings["unk_id"]?.intValue.map { Int32(clamping: $0) }
            return .unigram(
                UnigramModel(
                    vocabulary: vocabulary, scores: scores, unknown: unknown.flatMap { $0 < scores.count ? $0 : nil },
                    hasByteFallback: flag("byte_fallback")))
        }
        let isWordPiece = type == "WordPiece"
        return .words(
            WordModel(
                vocabulary: vocabulary, unknown: unknown ?? vocabulary.id(of: isWordPiece ? "[UNK]" : "<unk>"),
                continuation: isWordPiece
                    ? Array((settings["continuing_subword_prefix"]?.stringValue ?? "##").utf8) : nil,
                maxCharacters: settings["max_input_chars_per_word"]?.intValue ?? 100))
    }

    private func bytePair(_ merges: MergeLoader.Result) -> BytePairModel {
        let start: BytePairStart
        let isCuttable: Bool
        if let characters = merges.characters {
            let tokens = (0..<256).map { byte in
                withUnsafePointer(to: UInt8(byte)) { vocabulary.id(of: $0, count: 1) }
            }
            start = .bytes(tokens, characters)
            isCuttable = !tokens.contains(TokenVocabulary.absent)
        } else {
            let characters = CharacterStart(
                vocabulary, prefix: text("continuing_subword_prefix"), suffix: text("end_of_word_suffix"),
                unknown: unknown, fusesUnknown: flag("fuse_unk"), hasByteFallback: flag("byte_fallback"))
            start = .characters(characters)
            isCuttable = characters.isPlain
        }
        return BytePairModel(
            vocabulary: vocabulary, merges: merges.table, start: start, cuts: isCuttable ? merges.cuts : nil,
            ignoresMerges: flag("ignore_merges"))
    }

    // MARK: Vocabularies

    /// An object of ids by token.
    private func readVocabulary(_ reader: inout JSONScanner) throws(JSONError) {
        let table = ByteAlphabet.bytes
        let vocabulary = vocabulary
        // Pointers into the table stay valid for the whole loop because `table` outlives it.
        let failure = table.withUnsafeBufferPointer { table -> JSONError? in
            guard let alphabet = table.baseAddress else { return nil }
            do throws(JSONError) {
                try reader.expect(UInt8(ascii: "{"))
                if reader.skip(UInt8(ascii: "}")) { return nil }
                repeat {
                    var foreign: String?
                    let count = try reader.withString { (text) throws(JSONError) -> Int in
                        guard vocabulary.isByteLevel else {
                            for (offset, byte) in text.enumerated() { vocabulary.room[offset] = byte }
                            return text.count
                        }
                        if let count = ByteAlphabet.decode(text, into: vocabulary.room, alphabet) { return count }
                        foreign = String(decoding: text, as: UTF8.self)
                        return 0
                    }
                    try reader.expect(UInt8(ascii: ":"))
                    let id = try reader.readID()
                    guard id < TokenVocabulary.maxID else { throw reader.failure(.content("the id is too large")) }
                    if let foreign {
                        vocabulary.addForeign(foreign, id: id)
                    } else {
                        vocabulary.commit(count: count, id: id)
                    }
                } while try reader.more(until: UInt8(ascii: "}"))
                return nil
            } catch {
                return error
            }
        }
        if let failure { throw failure }
        vocabulary.seal()
    }

    /// A list of tokens with their scores; the place in it is the id.
    private mutating func readScores(_ reader: inout JSONScanner) throws(JSONError) {
        isUnigram = true
        try reader.expect(UInt8(ascii: "["))
        if !reader.skip(UInt8(ascii: "]")) {
            repeat {
                try reader.expect(UInt8(ascii: "["))
                let vocabulary = vocabulary
                let count = try reader.withString { (text) throws(JSONError) -> Int in
                    for (offset, byte) in text.enumerated() { vocabulary.room[offset] = byte }
                    return text.count
                }
                try reader.expect(UInt8(ascii: ","))
                guard let score = try reader.readValue().number, scores.count < TokenVocabulary.maxID else {
                    throw reader.failure(.content("a token of model.vocab has no score"))
                }
                try reader.expect(UInt8(ascii: "]"))
                vocabulary.commit(count: count, id: Int32(scores.count))
                scores.append(score)
            } while try reader.more(until: UInt8(ascii: "]"))
        }
        vocabulary.seal()
    }
}
