import Foundation
import JSON

extension Tokenizer {
    /// The SentencePiece files that are read where there is no tokenizer.json.
    private static let modelNames = ["tokenizer.model", "spiece.model", "sentencepiece.bpe.model"]

    /// Loads `tokenizer.json`, or else a SentencePiece model, and, where present, `tokenizer_config.json` and
    /// `chat_template.jinja` of a model folder.
    ///
    /// Ids equal those of transformers' `AutoTokenizer`: its Llama and Gemma classes, named in tokenizer_config.json,
    /// have pipelines of their own that stand before the file's.
    /// - Throws: `TokenizerError` naming the file and the key when something is missing, broken or not supported.
    public init(folder: String) throws {
        let config = try Self.json(folder + "/tokenizer_config.json")
        let modelType = (try? Self.json(folder + "/config.json"))?["model_type"]?.stringValue
        let tokenizerClass = TokenizerClass(config: config, modelType: modelType)
        let source = try Self.source(folder: folder, config: config, tokenizerClass)
        try self.init(tokenizerJSON: source.json, path: source.path, tokenizerClass: tokenizerClass)
        self.source = folder
        try readConfiguration(folder: folder, config, defaults: source.namedTokens)
    }

    /// The tokenizer.json of a folder, made from a SentencePiece model if need be.
    static func source(
        folder: String, config: JSONValue, _ tokenizerClass: TokenizerClass
    ) throws -> (json: Data, path: String, namedTokens: [JSONMember]) {
        let path = folder + "/tokenizer.json"
        let files = FileManager.default
        let name = modelNames.first { files.fileExists(atPath: "\(folder)/\($0)") }
        if !files.fileExists(atPath: path), let name {
            let bytes = Array(try data("\(folder)/\(name)"))
            let converter = try SentencePieceConverter(
                bytes, path: "\(folder)/\(name)", config: config, tokenizerClass: tokenizerClass)
            return (converter.tokenizerJSON(), "\(folder)/\(name)", converter.namedTokens)
        }
        guard files.fileExists(atPath: path) else {
            throw TokenizerError(
                .fileMissing,
                "\(path) does not exist; a model folder needs it or a tokenizer.model (vocab.json with merges.txt is not "
                    + "read: load and save the tokenizer once with transformers' AutoTokenizer to get it)")
        }
        return (try data(path), path, [])
    }

    private static func data(_ path: String) throws(TokenizerError) -> Data {
        do {
            return try Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe)
        } catch {
            throw TokenizerError(.fileMissing, "\(path) cannot be read: \(error.localizedDescription)")
        }
    }

    /// The contents of a JSON file; null when it does not exist.
    static func json(_ path: String) throws(TokenizerError) -> JSONValue {
        guard let bytes = FileManager.default.contents(atPath: path) else { return .null }
        do {
            return try JSONValue(parsing: String(decoding: bytes, as: UTF8.self))
        } catch {
            throw TokenizerError(.malformed, "\(path): \(error)")
        }
    }

    /// Reads the bytes of a tokenizer.json; `path` is for messages.
    init(tokenizerJSON data: Data, path: String, tokenizerClass: TokenizerClass? = nil) throws {
        let file = try data.withUnsafeBytes { raw in
            try TokenizerFile(raw.bindMemory(to: UInt8.self), path: path, tokenizerClass: tokenizerClass)
        }
        self.init(
            pipeline: TextPipeline(
                vocabulary: file.model.vocabulary, model: file.model.make(), normalizer: file.normalizer,
                steps: file.preTokenizer),
            decoder: file.decoder, frame: file.frame, addedTokens: file.addedTokens)
    }

    private mutating func readConfiguration(
        folder: String, _ config: JSONValue, defaults: [JSONMember]
    ) throws {
        if let text = try? String(contentsOfFile: folder + "/chat_template.jinja", encoding: .utf8) {
            chatTemplate = text
        }
        func name(_ key: String) -> JSONValue? { config[key] ?? defaults.first { $0.key == key }?.value }
        addMissingTokens(config["added_tokens_decoder"]?.members ?? [])
        if chatTemplate == nil { chatTemplate = Self.chatTemplate(config["chat_template"]) }
        if chatTemplate == nil {
            // Vision-language models of 2024 have it beside the processor's settings.
            chatTemplate = Self.chatTemplate(try Self.json(folder + "/chat_template.json")["chat_template"])
        }
        modelMaxLength = config["model_max_length"]?.intValue.flatMap { $0 < 1_000_000_000 ? $0 : nil }
        cleansUpSpaces = config["clean_up_tokenization_spaces"]?.boolValue ?? false
        addsBOS = config["add_bos_token"]?.boolValue ?? false
        bosID = namedToken(name("bos_token"))
        eosID = namedToken(name("eos_token"))
        padID = namedToken(name("pad_token"))
        for token in config["additional_special_tokens"]?.arrayValue ?? [] { _ = namedToken(token) }
    }

    /// Tokens that only tokenizer_config.json lists.
    private mutating func addMissingTokens(_ members: [JSONMember]) {
        let known = Set(addedTokens.map(\.id))
        let missing = members.compactMap { member -> AddedToken? in
            guard let id = Int32(member.key), !known.contains(id) else { return nil }
            return AddedToken(json: member.value, id: id)
        }
        if !missing.isEmpty { setAddedTokens(addedTokens + missing) }
    }

    /// The id of a token that a configuration names by its text or as an object; added when it is new.
    private mutating func namedToken(_ value: JSONValue?) -> Int32? {
        guard let content = value?.stringValue ?? value?["content"]?.stringValue, !content.isEmpty else { return nil }
        addTokens([content], special: true)
        return id(of: content)
    }

    /// A template is a text, or a list of named ones of which `default` counts.
    private static func chatTemplate(_ value: JSONValue?) -> String? {
        if let text = value?.stringValue { return text }
        return value?.arrayValue?.first { $0["name"]?.stringValue == "default" }?["template"]?.stringValue
    }
}
