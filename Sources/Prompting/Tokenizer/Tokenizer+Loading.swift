import Foundation
import JSON

extension Tokenizer {
    /// Loads `tokenizer.json` and, where present, `tokenizer_config.json` and `chat_template.jinja` of a model folder.
    ///
    /// - Throws: `TokenizerError` naming the file and the key when something is missing, broken or not supported.
    public init(folder: String) throws {
        let path = folder + "/tokenizer.json"
        guard FileManager.default.fileExists(atPath: path) else {
            throw TokenizerError(
                .fileMissing,
                "\(path) does not exist; a model folder needs it (vocab.json with merges.txt is not read: load and save "
                    + "the tokenizer once with transformers' AutoTokenizer to get it)")
        }
        let data: Data
        do {
            data = try Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe)
        } catch {
            throw TokenizerError(.fileMissing, "\(path) cannot be read: \(error.localizedDescription)")
        }
        try self.init(tokenizerJSON: data, path: path)
        source = folder
        try readConfiguration(folder: folder)
    }

    /// Reads the bytes of a tokenizer.json; `path` is for messages.
    init(tokenizerJSON data: Data, path: String) throws {
        let file = try data.withUnsafeBytes { raw in
            try TokenizerFile(raw.bindMemory(to: UInt8.self), path: path)
        }
        guard let merges = file.merges, let characters = file.characters else {
            throw TokenizerError(.malformed, "\(path): model.merges is missing")
        }
        let parts = try PipelineSettings(file, path: path)
        let model = BytePairModel(
            vocabulary: file.vocabulary, merges: merges, characters: characters, ignoresMerges: file.ignoresMerges)
        self.init(
            pipeline: TextPipeline(
                model: model, scanner: parts.scanner, normalizes: parts.normalizes,
                addsPrefixSpace: parts.addsPrefixSpace),
            addedTokens: file.addedTokens)
    }

    private mutating func readConfiguration(folder: String) throws {
        if let text = try? String(contentsOfFile: folder + "/chat_template.jinja", encoding: .utf8) {
            chatTemplate = text
        }
        let path = folder + "/tokenizer_config.json"
        guard let bytes = FileManager.default.contents(atPath: path) else { return }
        let config: JSONValue
        do {
            config = try JSONValue(parsing: String(decoding: bytes, as: UTF8.self))
        } catch {
            throw TokenizerError(.malformed, "\(path): \(error)")
        }
        addMissingTokens(config["added_tokens_decoder"]?.members ?? [])
        if chatTemplate == nil { chatTemplate = Self.chatTemplate(config["chat_template"]) }
        modelMaxLength = config["model_max_length"]?.intValue.flatMap { $0 < 1_000_000_000 ? $0 : nil }
        addsBOS = config["add_bos_token"]?.boolValue ?? false
        bosID = namedToken(config["bos_token"])
        eosID = namedToken(config["eos_token"])
        padID = namedToken(config["pad_token"])
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
