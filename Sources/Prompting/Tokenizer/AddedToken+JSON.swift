extension AddedToken {
    /// An entry of `added_tokens` in tokenizer.json or of `added_tokens_decoder` in tokenizer_config.json.
    init?(json: JSONValue, id: Int32) {
        guard let content = json["content"]?.stringValue else { return nil }
        self.init(
            id: id, content: content, isSpecial: json["special"]?.boolValue ?? false,
            stripsLeft: json["lstrip"]?.boolValue ?? false, stripsRight: json["rstrip"]?.boolValue ?? false,
            isSingleWord: json["single_word"]?.boolValue ?? false, isNormalized: json["normalized"]?.boolValue ?? false)
    }
}
