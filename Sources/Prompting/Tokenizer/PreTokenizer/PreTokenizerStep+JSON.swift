import JSON

extension PreTokenizerStep {
    /// The pattern of GPT-2, which ByteLevel uses by itself.
    static let gpt2Pattern = #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#

    /// The steps of `pre_tokenizer` in tokenizer.json.
    static func read(_ value: JSONValue, _ path: String) throws(TokenizerError) -> [PreTokenizerStep] {
        let behavior = SplitBehavior(rawValue: value["behavior"]?.stringValue ?? "Isolated")
        switch value["type"]?.stringValue {
        case nil where value == .null: return []
        case "Sequence":
            var steps: [PreTokenizerStep] = []
            for item in value["pretokenizers"]?.arrayValue ?? [] { steps += try read(item, path) }
            return steps
        case "ByteLevel":
            var steps: [PreTokenizerStep] = value["add_prefix_space"]?.boolValue ?? true ? [.prefixSpace] : []
            if value["use_regex"]?.boolValue ?? true {
                steps.append(try splitter(gpt2Pattern, .isolated, value, path))
            }
            return steps + [.byteAlphabet]
        case "Split":
            guard let behavior else { break }
            return [
                .split(
                    PieceSplitter(
                        pattern: try NormalizerStep.pattern(value["pattern"], value, path), behavior: behavior,
                        isInverted: value["invert"]?.boolValue ?? false))
            ]
        case "Metaspace": return try metaspace(value, path)
        case "Digits":
            let isSingle = value["individual_digits"]?.boolValue ?? false
            return [try cut(UnicodeProperty.numeric, isSingle ? .isolated : .contiguous, value, path)]
        case "Punctuation":
            guard let behavior else { break }
            return [try cut(UnicodeProperty.punctuation, behavior, value, path)]
        case "Whitespace":
            let word = UnicodeProperty.whitespaceWord
            let other = word.union(UnicodeProperty.space).inverted
            let node = PatternNode.alternatives([
                .repeated(.character(word), min: 1, max: nil, .greedy),
                .repeated(.character(other), min: 1, max: nil, .greedy),
            ])
            return [
                .split(
                    PieceSplitter(pattern: try automaton(node, value, path), behavior: .removed, isInverted: true))
            ]
        case "WhitespaceSplit": return [try cut(UnicodeProperty.space, .removed, value, path)]
        case "BertPreTokenizer":
            return [
                try cut(UnicodeProperty.space, .removed, value, path),
                try cut(UnicodeProperty.punctuation, .isolated, value, path),
            ]
        case "CharDelimiterSplit":
            guard let delimiter = value["delimiter"]?.stringValue, !delimiter.isEmpty else { break }
            return [try cut(CodePointSet(delimiter), .removed, value, path)]
        case "FixedLength":
            let length = value["length"]?.intValue ?? 5
            guard (1...1000).contains(length) else { break }
            let node = PatternNode.repeated(.character(.all), min: 1, max: length, .greedy)
            return [.split(PieceSplitter(pattern: try automaton(node, value, path), behavior: .isolated))]
        default: break
        }
        throw TokenizerError.unsupported(path, "pre_tokenizer", value)
    }

    private static func metaspace(_ value: JSONValue, _ path: String) throws(TokenizerError) -> [PreTokenizerStep] {
        let name = value["prepend_scheme"]?.stringValue ?? "always"
        guard let replacement = value["replacement"]?.stringValue, replacement.unicodeScalars.count == 1,
            var scheme = PrependScheme(rawValue: name)
        else { throw TokenizerError.unsupported(path, "pre_tokenizer", value) }
        if value["add_prefix_space"]?.boolValue == false { scheme = .never }
        let step = PreTokenizerStep.metaspace(replacement: replacement, scheme)
        guard value["split"]?.boolValue ?? true else { return [step] }
        return [step, try cut(CodePointSet(replacement), .mergedWithNext, value, path)]
    }

    private static func automaton(
        _ node: PatternNode, _ value: JSONValue, _ path: String
    ) throws(TokenizerError) -> PatternAutomaton {
        do { return try PatternAutomaton(node) } catch {
            throw TokenizerError(.unsupported, "\(path): \(value.text()): \(error.message)")
        }
    }

    /// Cuts at every single character of a set.
    private static func cut(
        _ set: CodePointSet, _ behavior: SplitBehavior, _ value: JSONValue, _ path: String
    ) throws(TokenizerError) -> PreTokenizerStep {
        .split(PieceSplitter(pattern: try automaton(.character(set), value, path), behavior: behavior))
    }

    private static func splitter(
        _ pattern: String, _ behavior: SplitBehavior, _ value: JSONValue, _ path: String
    ) throws(TokenizerError) -> PreTokenizerStep {
        let pattern = try NormalizerStep.pattern(.object([JSONMember("Regex", .string(pattern))]), value, path)
        return .split(PieceSplitter(pattern: pattern, behavior: behavior))
    }
}
