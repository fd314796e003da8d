import JSON

/// What tokenizer.json holds, read in one pass over its bytes: the vocabulary and the merges go straight into their
/// tables, and no key is ever copied into a string.
struct TokenizerFile {
    var addedTokens: [AddedToken] = []
    var normalizer: JSONValue = .null
    var preTokenizer: JSONValue = .null
    var decoder: JSONValue = .null
    var ignoresMerges = false
    var vocabulary: TokenVocabulary
    var merges: MergeTable?
    var characters: CharacterTokens?

    /// Reads the bytes of a tokenizer.json; `path` is for messages.
    init(_ bytes: UnsafeBufferPointer<UInt8>, path: String) throws(TokenizerError) {
        vocabulary = TokenVocabulary(numBytes: bytes.count)
        var reader = JSONScanner(bytes, dialect: .python)
        do throws(JSONError) {
            try readTop(&reader)
        } catch {
            throw TokenizerError(.malformed, "\(path): \(error); get the file again")
        }
        guard merges != nil else {
            throw TokenizerError(.malformed, "\(path): model.merges is missing; get the file again")
        }
    }

    private mutating func readTop(_ reader: inout JSONScanner) throws(JSONError) {
        try reader.expect(UInt8(ascii: "{"))
        if reader.skip(UInt8(ascii: "}")) { return }
        repeat {
            let key = try reader.readString()
            try reader.expect(UInt8(ascii: ":"))
            switch key {
            case "added_tokens": addedTokens = try readAddedTokens(&reader)
            case "normalizer": normalizer = try reader.readValue()
            case "pre_tokenizer": preTokenizer = try reader.readValue()
            case "decoder": decoder = try reader.readValue()
            case "model": try readModel(&reader)
            default: try reader.skipValue()
            }
        } while try reader.more(until: UInt8(ascii: "}"))
        try reader.expectEnd()
    }

    private func readAddedTokens(_ reader: inout JSONScanner) throws(JSONError) -> [AddedToken] {
        let list = try reader.readValue()
        if list == .null { return [] }
        var tokens: [AddedToken] = []
        for item in list.arrayValue ?? [] {
            guard let id = item["id"]?.intValue, let token = AddedToken(json: item, id: Int32(clamping: id)) else {
                throw reader.failure(.content("an entry of added_tokens lacks id or content"))
            }
            tokens.append(token)
        }
        return tokens
    }

    private mutating func readModel(_ reader: inout JSONScanner) throws(JSONError) {
        try reader.expect(UInt8(ascii: "{"))
        if reader.skip(UInt8(ascii: "}")) { return }
        var mergesBeforeVocabulary: JSONScanner?
        var hasVocabulary = false
        repeat {
            let key = try reader.readString()
            try reader.expect(UInt8(ascii: ":"))
            switch key {
            case "vocab":
                try readVocabulary(&reader)
                hasVocabulary = true
            case "merges" where hasVocabulary: try readMerges(&reader)
            case "merges":
                mergesBeforeVocabulary = reader
                try reader.skipValue()
            case "ignore_merges": ignoresMerges = try reader.readValue() == .bool(true)
            default: try Self.check(key, try reader.readValue(), reader)
            }
        } while try reader.more(until: UInt8(ascii: "}"))
        if var earlier = mergesBeforeVocabulary { try readMerges(&earlier) }
    }

    /// Refuses settings of the model that would change ids.
    private static func check(_ key: String, _ value: JSONValue, _ reader: JSONScanner) throws(JSONError) {
        let isHarmless =
            switch key {
            case "type": value == .string("BPE")
            case "dropout": !value.isTruthy
            case "continuing_subword_prefix", "end_of_word_suffix", "byte_fallback": !value.isTruthy
            default: true
            }
        guard isHarmless else {
            throw reader.failure(.content("model.\(key) \(value.text()) is not supported: only byte-level BPE is"))
        }
    }

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
                        if let count = ByteAlphabet.decode(text, into: vocabulary.room, alphabet) { return count }
                        foreign = String(decoding: text, as: UTF8.self)
                        return 0
                    }
                    try reader.expect(UInt8(ascii: ":"))
                    let id = try reader.readID()
                    guard id < 1 << 24 else { throw reader.failure(.content("the id is too large")) }
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

    private mutating func readMerges(_ reader: inout JSONScanner) throws(JSONError) {
        var loader = MergeLoader(vocabulary)
        (merges, characters) = try loader.read(&reader)
    }
}
