import JSON

/// The steps before merging, as tokenizer.json names them; anything not understood is refused with its text.
struct PipelineSettings {
    var scanner = WordScanner.gpt2
    var normalizes = false
    var addsPrefixSpace = false

    init(_ file: TokenizerFile, path: String) throws(TokenizerError) {
        try readNormalizer(file.normalizer, path)
        try readPreTokenizer(file.preTokenizer, path)
        guard file.decoder["type"]?.stringValue == "ByteLevel" else {
            throw Self.unsupported(path, "decoder", file.decoder)
        }
    }

    private static func unsupported(_ path: String, _ key: String, _ value: JSONValue) -> TokenizerError {
        TokenizerError(
            .unsupported,
            "\(path): \(key) \(value.text()) is not supported; this program reads byte-level BPE tokenizers")
    }

    private mutating func readNormalizer(_ value: JSONValue, _ path: String) throws(TokenizerError) {
        switch value["type"]?.stringValue {
        case "NFC": normalizes = true
        case "Sequence":
            for step in value["normalizers"]?.arrayValue ?? [] { try readNormalizer(step, path) }
        default:
            guard value == .null else { throw Self.unsupported(path, "normalizer", value) }
        }
    }

    private mutating func readPreTokenizer(_ value: JSONValue, _ path: String) throws(TokenizerError) {
        var steps = [value]
        if value["type"]?.stringValue == "Sequence" { steps = value["pretokenizers"]?.arrayValue ?? [] }
        guard let last = steps.last, last["type"]?.stringValue == "ByteLevel", steps.count <= 2 else {
            throw Self.unsupported(path, "pre_tokenizer", value)
        }
        addsPrefixSpace = last["add_prefix_space"]?.boolValue ?? true
        let usesOwnPattern = last["use_regex"]?.boolValue ?? true
        if steps.count == 1, usesOwnPattern { return }
        guard steps.count == 2, !usesOwnPattern, !addsPrefixSpace else {
            throw Self.unsupported(path, "pre_tokenizer", value)
        }
        scanner = try Self.scanner(of: steps[0], path)
    }

    private static func scanner(of split: JSONValue, _ path: String) throws(TokenizerError) -> WordScanner {
        let behavior = split["behavior"]?.stringValue
        let isInverted = split["invert"]?.boolValue ?? false
        guard split["type"]?.stringValue == "Split", let pattern = split["pattern"]?["Regex"]?.stringValue,
            (behavior == "Isolated" && !isInverted) || (behavior == "Removed" && isInverted)
        else { throw unsupported(path, "pre_tokenizer", split) }
        guard let scanner = PreTokenizerCatalog.patterns[pattern] else {
            throw TokenizerError(
                .unsupported,
                "\(path): the pre_tokenizer pattern \(pattern) is not known; it needs a scanner in PreTokenizerCatalog")
        }
        return scanner
    }
}
