import Foundation
import JSON

/// Writes the tokenizer.json that transformers makes of a SentencePiece model.
struct SentencePieceConverter {
    private let file: SentencePieceFile
    private let tokenizerClass: TokenizerClass
    private let config: JSONValue
    /// Tokens and scores by id.
    private var vocabulary: [(text: String, score: Double)]
    private var addedTokens: [AddedToken] = []

    /// - Parameters:
    ///   - path: of the model, for messages.
    ///   - config: tokenizer_config.json.
    init(_ bytes: [UInt8], path: String, config: JSONValue, tokenizerClass: TokenizerClass) throws(TokenizerError) {
        guard let file = SentencePieceFile(bytes) else {
            throw TokenizerError(.malformed, "\(path) is no SentencePiece model; get the file again")
        }
        guard file.modelType == 1 || file.modelType == 2 else {
            throw TokenizerError(
                .unsupported, "\(path) is a SentencePiece model of words or characters; only Unigram and BPE are read")
        }
        self.file = file
        self.config = config
        self.tokenizerClass = tokenizerClass
        vocabulary = file.pieces.map { ($0.text, Double($0.score)) }
        switch tokenizerClass.family {
        case .t5: vocabulary += (0..<100).reversed().map { ("<extra_id_\($0)>", 0) }
        case .xlmRoberta:
            vocabulary = ["<s>", "<pad>", "</s>", "<unk>"].map { ($0, 0) } + vocabulary.dropFirst(3) + [("<mask>", 0)]
        default: break
        }
        addTokens()
    }

    private var isUnigram: Bool { file.modelType == 1 }

    /// The names of bos, eos and so on that the class or the file gives.
    var namedTokens: [JSONMember] {
        guard tokenizerClass.family == .other else { return tokenizerClass.namedTokens }
        let ids = [("bos_token", file.bosID), ("eos_token", file.eosID), ("unk_token", file.unknownID)]
        return ids.compactMap { name, id in
            file.pieces.indices.contains(id) ? JSONMember(name, .string(file.pieces[id].text)) : nil
        }
    }

    private mutating func addTokens() {
        var ids: [String: Int32] = [:]
        for (id, token) in vocabulary.enumerated() { ids[token.text] = Int32(id) }
        var next = Int32(vocabulary.count)
        var known: Set<String> = []
        func add(_ text: String, isSpecial: Bool) -> AddedToken? {
            guard !text.isEmpty, known.insert(text).inserted else { return nil }
            let id = ids[text] ?? next
            if id == next { next += 1 }
            return AddedToken(id: id, content: text, isSpecial: isSpecial)
        }
        var tokens: [AddedToken?] = namedTokens.map { member in
            let own = config[member.key]?.stringValue ?? config[member.key]?["content"]?.stringValue
            return add(own ?? member.value.stringValue ?? "", isSpecial: true)
        }
        for piece in file.pieces where piece.kind == .control || piece.kind == .userDefined {
            tokens.append(add(piece.text, isSpecial: piece.kind == .control))
        }
        if tokenizerClass.family == .t5 { tokens += (0..<100).map { add("<extra_id_\($0)>", isSpecial: true) } }
        addedTokens = tokens.compactMap(\.self).sorted { $0.id < $1.id }
    }

    /// The bytes of the tokenizer.json.
    func tokenizerJSON() -> Data {
        var members = [
            JSONMember("version", .string("1.0")), JSONMember("truncation", .null), JSONMember("padding", .null),
            JSONMember("added_tokens", .array(addedTokens.map { $0.json(withID: true) })),
            JSONMember("normalizer", normalizer),
            JSONMember("pre_tokenizer", tokenizerClass.preTokenizer),
            JSONMember("post_processor", postProcessor),
            JSONMember("decoder", decoder),
        ]
        members.append(JSONMember("model", isUnigram ? unigram : bytePair))
        return Data(JSONValue.object(members).text().utf8)
    }

    private var normalizer: JSONValue {
        let map = JSONValue.object([
            JSONMember("type", .string("Precompiled")),
            JSONMember("precompiled_charsmap", .string(Data(file.charsMap).base64EncodedString())),
        ])
        switch tokenizerClass.family {
        case .llama, .codeLlama, .gemma: return tokenizerClass.normalizer
        case .t5, .xlmRoberta: return file.charsMap.isEmpty ? .null : map
        case .other:
            let replace = TokenizerClass.value(#"{"type":"Replace","pattern":{"String":" "},"content":"▁"}"#)
            return .object([
                JSONMember("type", .string("Sequence")),
                JSONMember("normalizers", .array((file.charsMap.isEmpty ? [] : [map]) + [replace])),
            ])
        }
    }

    private var decoder: JSONValue {
        guard tokenizerClass.family == .other else { return tokenizerClass.decoder }
        let replace = #"{"type":"Replace","pattern":{"String":"▁"},"content":" "}"#
        let bytes = file.hasByteFallback ? #",{"type":"ByteFallback"},{"type":"Fuse"}"# : ""
        return TokenizerClass.value(#"{"type":"Sequence","decoders":[\#(replace)\#(bytes)]}"#)
    }

    /// bos and eos where the configuration or the class asks for them.
    private var postProcessor: JSONValue {
        let family = tokenizerClass.family
        let addsBOS = config["add_bos_token"]?.boolValue ?? [.xlmRoberta, .codeLlama].contains(family)
        let addsEOS = config["add_eos_token"]?.boolValue ?? [.xlmRoberta, .t5].contains(family)
        func token(_ key: String) -> AddedToken? {
            let name = config[key]?.stringValue ?? namedTokens.first { $0.key == key }?.value.stringValue
            return addedTokens.first { $0.content == name }
        }
        let bos = addsBOS ? token("bos_token") : nil
        let eos = addsEOS ? token("eos_token") : nil
        func part(_ kind: String, _ id: String) -> JSONValue {
            .object([JSONMember(kind, .object([JSONMember("id", .string(id)), JSONMember("type_id", .int(0))]))])
        }
        let before = bos.map { [part("SpecialToken", $0.content)] } ?? []
        let after = eos.map { [part("SpecialToken", $0.content)] } ?? []
        let tokens = [bos, eos].compactMap { $0 }.map { token in
            JSONMember(
                token.content,
                .object([
                    JSONMember("id", .string(token.content)), JSONMember("ids", .array([.int(Int(token.id))])),
                    JSONMember("tokens", .array([.string(token.content)])),
                ]))
        }
        return .object([
            JSONMember("type", .string("TemplateProcessing")),
            JSONMember("single", .array(before + [part("Sequence", "A")] + after)),
            JSONMember(
                "pair", .array(before + [part("Sequence", "A")] + after + before + [part("Sequence", "B")] + after)),
            JSONMember("special_tokens", .object(tokens)),
        ])
    }

    // MARK: Models

    private var unigram: JSONValue {
        let unknown =
            switch tokenizerClass.family {
            case .t5: 2
            case .xlmRoberta: 3
            default: file.unknownID
            }
        let hasBytes = tokenizerClass.family == .other && file.hasByteFallback
        return .object([
            JSONMember("type", .string("Unigram")), JSONMember("unk_id", .int(unknown)),
            JSONMember("vocab", .array(vocabulary.map { .array([.string($0.text), .double($0.score)]) })),
            JSONMember("byte_fallback", .bool(hasBytes)),
        ])
    }

    private var bytePair: JSONValue {
        let unknown = file.pieces.indices.contains(file.unknownID) ? file.pieces[file.unknownID].text : "<unk>"
        var members = [
            JSONMember("type", .string("BPE")), JSONMember("dropout", .null),
            JSONMember("unk_token", .string(unknown)), JSONMember("continuing_subword_prefix", .null),
            JSONMember("end_of_word_suffix", .null), JSONMember("fuse_unk", .bool(true)),
            JSONMember("byte_fallback", .bool(file.hasByteFallback)), JSONMember("ignore_merges", .bool(false)),
        ]
        for own in tokenizerClass.model {
            if let place = members.firstIndex(where: { $0.key == own.key }) { members[place] = own }
        }
        var ids: [String: Int] = [:]
        for (id, token) in vocabulary.enumerated() { ids[token.text] = id }
        members.append(JSONMember("vocab", .object(vocabulary.map { JSONMember($0.text, .int(ids[$0.text] ?? 0)) })))
        members.append(JSONMember("merges", .array(merges(ids))))
        return .object(members)
    }

    /// Every way to put a token together from two others, in the order of the tokens made.
    private func merges(_ ids: [String: Int]) -> [JSONValue] {
        var merges: [JSONValue] = []
        for (id, token) in vocabulary.enumerated() where ids[token.text] == id {
            let scalars = token.text.unicodeScalars
            guard var middle = scalars.indices.first else { continue }
            while true {
                middle = scalars.index(after: middle)
                guard middle < scalars.endIndex else { break }
                let (left, right) = (String(scalars[..<middle]), String(scalars[middle...]))
                if ids[left] != nil, ids[right] != nil { merges.append(.array([.string(left), .string(right)])) }
            }
        }
        return merges
    }
}
