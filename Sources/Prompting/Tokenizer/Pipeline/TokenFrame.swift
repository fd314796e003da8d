import JSON

/// The tokens that a model's own encoding puts around a text (`post_processor` in tokenizer.json).
struct TokenFrame: Sendable, Hashable {
    var before: [Int32] = []
    var after: [Int32] = []

    static func read(_ value: JSONValue, _ path: String) throws(TokenizerError) -> TokenFrame {
        switch value["type"]?.stringValue {
        case nil where value == .null: return TokenFrame()
        case "ByteLevel": return TokenFrame()
        case "BertProcessing", "RobertaProcessing":
            guard let first = id(value["cls"]), let last = id(value["sep"]) else { break }
            return TokenFrame(before: [first], after: [last])
        case "Sequence":
            var frame = TokenFrame()
            for item in value["processors"]?.arrayValue ?? [] {
                let outer = try read(item, path)
                frame = TokenFrame(before: outer.before + frame.before, after: frame.after + outer.after)
            }
            return frame
        case "TemplateProcessing":
            var frame = TokenFrame()
            var isAfter = false
            for item in value["single"]?.arrayValue ?? [] {
                guard let name = item["SpecialToken"]?["id"]?.stringValue else {
                    isAfter = true
                    continue
                }
                let ids = value["special_tokens"]?[name]?["ids"]?.arrayValue?.compactMap(\.intValue) ?? []
                if isAfter { frame.after += ids.map(Int32.init(clamping:)) }
                if !isAfter { frame.before += ids.map(Int32.init(clamping:)) }
            }
            return frame
        default: break
        }
        throw TokenizerError.unsupported(path, "post_processor", value)
    }

    /// The id in a pair of token and id.
    private static func id(_ pair: JSONValue?) -> Int32? {
        guard let items = pair?.arrayValue, items.count == 2 else { return nil }
        return items[1].intValue.map(Int32.init(clamping:))
    }
}
