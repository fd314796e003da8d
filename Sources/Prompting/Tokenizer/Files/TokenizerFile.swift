import JSON

/// What tokenizer.json holds, read in one pass over its bytes: the vocabulary and the merges go straight into their
/// tables, and no key is ever copied into a string.
struct TokenizerFile {
    var addedTokens: [AddedToken] = []
    var normalizer: [NormalizerStep] = []
    var preTokenizer: [PreTokenizerStep] = []
    var decoder: [DecoderStep] = []
    var frame = TokenFrame()
    var model: TokenModelFile

    /// Reads the bytes of a tokenizer.json; `path` is for messages, and a class may have its own pipeline.
    init(
        _ bytes: UnsafeBufferPointer<UInt8>, path: String, tokenizerClass: TokenizerClass? = nil
    ) throws(TokenizerError) {
        var parts: [String: JSONValue] = [:]
        var place: JSONScanner?
        do throws(JSONError) {
            var reader = JSONScanner(bytes, dialect: .python)
            try Self.readTop(&reader, &parts, &place)
            addedTokens = try Self.addedTokens(parts["added_tokens"] ?? .null, reader)
        } catch {
            throw TokenizerError(.malformed, "\(path): \(error); get the file again")
        }
        var settings: [JSONMember] = []
        if let tokenizerClass, tokenizerClass.overrides(decoder: parts["decoder"] ?? .null) {
            parts["normalizer"] = tokenizerClass.normalizer
            parts["pre_tokenizer"] = tokenizerClass.preTokenizer
            parts["decoder"] = tokenizerClass.decoder
            settings = tokenizerClass.model
        }
        normalizer = try NormalizerStep.read(parts["normalizer"] ?? .null, path)
        preTokenizer = try PreTokenizerStep.read(parts["pre_tokenizer"] ?? .null, path)
        decoder = try DecoderStep.read(parts["decoder"] ?? .null, path)
        frame = try TokenFrame.read(parts["post_processor"] ?? .null, path)
        let isByteLevel =
            normalizer.contains { if case .byteAlphabet = $0 { true } else { false } }
            || preTokenizer.contains { if case .byteAlphabet = $0 { true } else { false } }
        guard var place else {
            throw TokenizerError(.malformed, "\(path): model is missing; get the file again")
        }
        model = TokenModelFile(numBytes: bytes.count, isByteLevel: isByteLevel)
        do throws(JSONError) {
            try model.read(&place, overriding: settings)
        } catch {
            throw TokenizerError(.malformed, "\(path): \(error); get the file again")
        }
    }

    /// Reads all but the model, which is only found: how it is read depends on the rest.
    private static func readTop(
        _ reader: inout JSONScanner, _ parts: inout [String: JSONValue], _ model: inout JSONScanner?
    ) throws(JSONError) {
        try reader.expect(UInt8(ascii: "{"))
        if reader.skip(UInt8(ascii: "}")) { return }
        repeat {
            let key = try reader.readString()
            try reader.expect(UInt8(ascii: ":"))
            switch key {
            case "added_tokens", "normalizer", "pre_tokenizer", "decoder", "post_processor":
                parts[key] = try reader.readValue()
            case "model":
                model = reader
                try reader.skipValue()
            default: try reader.skipValue()
            }
        } while try reader.more(until: UInt8(ascii: "}"))
        try reader.expectEnd()
    }

    private static func addedTokens(
        _ list: JSONValue, _ reader: JSONScanner
    ) throws(JSONError) -> [AddedToken] {
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
}
