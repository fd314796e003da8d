import Foundation
import JSON

extension NormalizerStep {
    /// The steps of `normalizer` in tokenizer.json.
    static func read(_ value: JSONValue, _ path: String) throws(TokenizerError) -> [NormalizerStep] {
        switch value["type"]?.stringValue {
        case nil where value == .null: return []
        case "Sequence":
            var steps: [NormalizerStep] = []
            for item in value["normalizers"]?.arrayValue ?? [] { steps += try read(item, path) }
            return steps
        case "NFC": return [.unicode(.c)]
        case "NFD": return [.unicode(.d)]
        case "NFKC": return [.unicode(.kc)]
        case "NFKD": return [.unicode(.kd)]
        case "Lowercase": return [.lowercase]
        case "StripAccents": return [.stripAccents]
        case "Nmt": return [.nmt]
        case "ByteLevel": return [.byteAlphabet]
        case "Strip":
            return [
                .strip(
                    left: value["strip_left"]?.boolValue ?? true, right: value["strip_right"]?.boolValue ?? true)
            ]
        case "Prepend":
            if let text = value["prepend"]?.stringValue { return [.prepend(Array(text.utf8))] }
        case "Append":
            if let text = value["append"]?.stringValue { return [.append(Array(text.utf8))] }
        case "Replace":
            guard let content = value["content"]?.stringValue else { break }
            return [.replace(try pattern(value["pattern"], value, path), by: Array(content.utf8))]
        case "Precompiled":
            guard let text = value["precompiled_charsmap"]?.stringValue else { break }
            guard let data = Data(base64Encoded: text), let map = SentencePieceCharsMap(Array(data)) else {
                throw TokenizerError(.malformed, "\(path): normalizer.precompiled_charsmap is broken")
            }
            return [.charsMap(map)]
        case "BertNormalizer":
            let lowercases = value["lowercase"]?.boolValue ?? true
            return [
                .bert(
                    BERTNormalizer(
                        cleansText: value["clean_text"]?.boolValue ?? true,
                        spacesChinese: value["handle_chinese_chars"]?.boolValue ?? true,
                        stripsAccents: value["strip_accents"]?.boolValue ?? lowercases, lowercases: lowercases))
            ]
        default: break
        }
        throw TokenizerError.unsupported(path, "normalizer", value)
    }

    /// A pattern written as `{"Regex": ...}` or `{"String": ...}`.
    static func pattern(
        _ pattern: JSONValue?, _ value: JSONValue, _ path: String
    ) throws(TokenizerError) -> PatternAutomaton {
        do {
            if let text = pattern?["Regex"]?.stringValue { return try PatternAutomaton(text) }
            if let text = pattern?["String"]?.stringValue, !text.isEmpty {
                return try PatternAutomaton(.sequence(text.unicodeScalars.map { .character(CodePointSet($0.value)) }))
            }
        } catch {
            throw TokenizerError(.unsupported, "\(path): \(value.text()): \(error.message)")
        }
        throw TokenizerError.unsupported(path, "pattern", value)
    }
}
