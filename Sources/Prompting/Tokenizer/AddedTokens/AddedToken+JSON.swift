import JSON

extension AddedToken {
    /// An entry of `added_tokens` in tokenizer.json or of `added_tokens_decoder` in tokenizer_config.json.
    init?(json: JSONValue, id: Int32) {
        guard let content = json["content"]?.stringValue else { return nil }
        self.init(
            id: id, content: content, isSpecial: json["special"]?.boolValue ?? false,
            stripsLeft: json["lstrip"]?.boolValue ?? false, stripsRight: json["rstrip"]?.boolValue ?? false,
            isSingleWord: json["single_word"]?.boolValue ?? false, isNormalized: json["normalized"]?.boolValue ?? false)
    }

    /// The entry again.
    func json(withID: Bool) -> JSONValue {
        let members = [
            JSONMember("content", .string(content)), JSONMember("single_word", .bool(isSingleWord)),
            JSONMember("lstrip", .bool(stripsLeft)), JSONMember("rstrip", .bool(stripsRight)),
            JSONMember("normalized", .bool(isNormalized)), JSONMember("special", .bool(isSpecial)),
        ]
        return .object((withID ? [JSONMember("id", .int(Int(id)))] : []) + members)
    }
}
