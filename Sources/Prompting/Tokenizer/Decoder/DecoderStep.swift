import JSON

/// One step from tokens back to text. Steps work on a stream of tokens, see `DecodingStream`.
enum DecoderStep: Sendable {
    /// Bytes in GPT-2's alphabet to text.
    case byteLevel
    case replace(PatternAutomaton, by: [UInt8])
    /// Tokens such as `<0x0A>` to the text of their bytes.
    case byteFallback
    /// Makes all tokens one.
    case fuse
    /// Takes up to so many of one character off the ends of each token.
    case strip([UInt8], start: Int, stop: Int)
    /// Writes the replacement as a space; the first token drops it unless it was never added.
    case metaspace([UInt8], dropsFirst: Bool)
    case wordPiece(prefix: [UInt8], cleansUp: Bool)
    /// The suffix of word ends becomes a space, at the last token nothing.
    case wordEnd([UInt8])
    /// A space between tokens: what happens without any decoder.
    case spaced

    static func read(_ value: JSONValue, _ path: String) throws(TokenizerError) -> [DecoderStep] {
        switch value["type"]?.stringValue {
        case nil where value == .null: return [.spaced]
        case "Sequence":
            var steps: [DecoderStep] = []
            for item in value["decoders"]?.arrayValue ?? [] { steps += try read(item, path) }
            return steps
        case "ByteLevel": return [.byteLevel]
        case "ByteFallback": return [.byteFallback]
        case "Fuse": return [.fuse]
        case "Replace":
            guard let content = value["content"]?.stringValue else { break }
            return [.replace(try NormalizerStep.pattern(value["pattern"], value, path), by: Array(content.utf8))]
        case "Strip":
            guard let content = value["content"]?.stringValue, !content.isEmpty else { break }
            return [
                .strip(
                    Array(content.utf8), start: value["start"]?.intValue ?? 0, stop: value["stop"]?.intValue ?? 0)
            ]
        case "Metaspace":
            guard let replacement = value["replacement"]?.stringValue, !replacement.isEmpty else { break }
            let scheme = value["prepend_scheme"]?.stringValue ?? "always"
            let isNever = scheme == "never" || value["add_prefix_space"]?.boolValue == false
            return [.metaspace(Array(replacement.utf8), dropsFirst: !isNever)]
        case "WordPiece":
            return [
                .wordPiece(
                    prefix: Array((value["prefix"]?.stringValue ?? "##").utf8),
                    cleansUp: value["cleanup"]?.boolValue ?? true)
            ]
        case "BPEDecoder": return [.wordEnd(Array((value["suffix"]?.stringValue ?? "</w>").utf8))]
        default: break
        }
        throw TokenizerError.unsupported(path, "decoder", value)
    }
}
