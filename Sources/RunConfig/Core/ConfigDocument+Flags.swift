extension ConfigDocument {
    /// Reads `key=value` overrides: dots go down into mappings, the value is YAML, nothing after `=` is null.
    init(overrides: [String]) throws(ConfigError) {
        var problems: [ConfigError.Problem] = []
        for text in overrides {
            let origin = ConfigError.Origin.commandLine(text)
            guard let equals = text.firstIndex(of: "="), equals != text.startIndex, !text.hasPrefix("--") else {
                problems.append(
                    .init(
                        "Expected key=value after the file, such as learning_rate=1e-5; got '\(text)'.", origin: origin)
                )
                continue
            }
            let path = text[..<equals].split(separator: ".", omittingEmptySubsequences: false).map(String.init)
            guard !path.contains(""), let key = path.first else {
                problems.append(.init("The key has an empty part between its dots.", origin: origin))
                continue
            }
            do {
                let value = try Self.value(ofText: String(text[text.index(after: equals)...]))
                let nested = path.dropFirst().reversed().reduce(value) { .map([$1: $0]) }
                merge(ConfigDocument(entries: [Entry(key: key, value: nested, origin: origin)]))
            } catch {
                problems.append(.init(key: key, "The value of `\(key)` is not valid YAML; quote it.", origin: origin))
            }
        }
        if !problems.isEmpty { throw ConfigError(problems) }
    }

    /// Reads `--key value`, `--key=value`, `--key a b` (a list), `--key` alone (true) and `--no_key` (false).
    init(flags: [String]) throws(ConfigError) {
        var problems: [ConfigError.Problem] = []
        var rest = flags[...]
        while let flag = rest.popFirst() {
            guard flag.hasPrefix("--"), flag.count > 2 else {
                problems.append(.init("Expected a flag such as --stage; got '\(flag)'.", origin: .commandLine(flag)))
                continue
            }
            let parts = flag.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            var key = String(parts[0]).replacing("-", with: "_")
            var words = parts.dropFirst().map(String.init)
            while parts.count == 1, let word = rest.first, !word.hasPrefix("--") {
                words.append(word)
                rest.removeFirst()
            }
            var value: ConfigValue
            switch words.count {
            case 0:
                // `--no_shuffle` stands for `--shuffle false` unless a setting has that very name.
                let isNegated = RunConfig.index[key] == nil && key.hasPrefix("no_")
                if isNegated { key = String(key.dropFirst(3)) }
                value = .scalar(isNegated ? "false" : "true", isQuoted: false)
            case 1: value = Self.flagValue(words[0])
            default: value = .list(words.map(Self.flagValue))
            }
            merge(ConfigDocument(entries: [Entry(key: key, value: value, origin: .commandLine(flag))]))
        }
        if !problems.isEmpty { throw ConfigError(problems) }
    }

    private init(entries: [Entry]) { self.entries = entries }

    /// A flag's word is its text; only null has a meaning of its own.
    private static func flagValue(_ word: String) -> ConfigValue {
        ["null", "None"].contains(word) ? .null : .scalar(word, isQuoted: false)
    }
}
