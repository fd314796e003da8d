public import Foundation
import JSON

extension Tokenizer {
    /// Writes tokenizer.json, tokenizer_config.json and chat_template.jinja into a folder, as transformers reads them:
    /// the files this tokenizer came from (a SentencePiece model as the tokenizer.json that transformers makes of it), with its added tokens, named tokens and chat template as they are now.
    ///
    /// - Throws: `TokenizerError` when the source has changed or disappeared; the system's error when writing fails.
    public func save(to folder: URL) throws {
        guard let source else {
            throw TokenizerError(.fileMissing, "this tokenizer was not loaded from a folder and cannot be saved")
        }
        let path = source + "/tokenizer.json"
        let config = try Self.json(source + "/tokenizer_config.json")
        let modelType = (try? Self.json(source + "/config.json"))?["model_type"]?.stringValue
        let original = try Self.source(
            folder: source, config: config, TokenizerClass(config: config, modelType: modelType))
        try Self.replaceAddedTokens(in: original.json, by: addedTokens, path: path)
            .write(to: folder.appendingPathComponent("tokenizer.json"), options: .atomic)
        try Data((configuration(config).text(indent: 2) + "\n").utf8)
            .write(to: folder.appendingPathComponent("tokenizer_config.json"), options: .atomic)
        if let chatTemplate {
            try Data(chatTemplate.utf8).write(
                to: folder.appendingPathComponent("chat_template.jinja"), options: .atomic)
        }
    }

    /// The file with another list of added tokens; unchanged where the list is the same.
    private static func replaceAddedTokens(in file: Data, by tokens: [AddedToken], path: String) throws -> Data {
        let place: Range<Int>? = try file.withUnsafeBytes { raw in
            var reader = JSONScanner(raw.bindMemory(to: UInt8.self), dialect: .python)
            do throws(JSONError) {
                return try reader.rangeOfMember("added_tokens")
            } catch {
                throw TokenizerError(.malformed, "\(path): \(error)")
            }
        }
        let list = JSONValue.array(tokens.map { $0.json(withID: true) })
        guard let place else {
            guard tokens.isEmpty else {
                throw TokenizerError(
                    .malformed, "\(path) has no added_tokens to extend; save it with transformers once")
            }
            return file
        }
        let old = try JSONValue(parsing: String(decoding: file[place], as: UTF8.self))
        let oldTokens = (old.arrayValue ?? []).map {
            AddedToken(json: $0, id: Int32(clamping: $0["id"]?.intValue ?? -1))
        }
        if oldTokens == tokens.map(Optional.some) { return file }
        var result = file
        result.replaceSubrange(place, with: Data(list.text().utf8))
        return result
    }

    /// tokenizer_config.json with the tokens as they are now.
    private func configuration(_ config: JSONValue) -> JSONValue {
        var members = config.members ?? []
        func set(_ key: String, _ value: JSONValue?) {
            let index = members.firstIndex { $0.key == key }
            switch (index, value) {
            case (let index?, let value?): members[index].value = value
            case (let index?, nil): members.remove(at: index)
            case (nil, let value?): members.append(JSONMember(key, value))
            case (nil, nil): break
            }
        }
        set(
            "added_tokens_decoder",
            .object(addedTokens.map { JSONMember(String($0.id), $0.json(withID: false)) }))
        for (key, id) in [("bos_token", bosID), ("eos_token", eosID), ("pad_token", padID)] {
            if let text = id.flatMap(token(for:)) { set(key, .string(text)) }
        }
        set("chat_template", chatTemplate.map(JSONValue.string))
        set(
            "tokenizer_class",
            members.first { $0.key == "tokenizer_class" }?.value ?? .string("PreTrainedTokenizerFast"))
        return .object(members)
    }
}
