/// One value of a configuration as it was written: a YAML or JSON node, or the text of a flag.
///
/// A scalar keeps its text, so that what it means is decided by the setting that reads it: `1e-4` is a number for
/// `learning_rate` and a name for `run_name`.
public enum ConfigValue: Sendable, Hashable {
    /// Nothing: `null`, `~` or an empty value.
    case null
    /// A scalar's text; `isQuoted` tells `"8"` from `8`.
    case scalar(String, isQuoted: Bool)
    /// A list.
    case list([ConfigValue])
    /// A mapping.
    case map([String: ConfigValue])
}

extension ConfigValue {
    /// The value as a truth value: YAML 1.1's words (true, yes, on) and those of Hugging Face's flags (t, y, 1).
    public var bool: Bool? {
        guard case .scalar(let text, _) = self else { return nil }
        switch text.lowercased() {
        case "true", "yes", "on", "t", "y", "1": return true
        case "false", "no", "off", "f", "n", "0": return false
        default: return nil
        }
    }

    /// The value as a whole number; `1_000` and `1e3` are whole numbers, `1.5` is not.
    public var int: Int? {
        guard case .scalar(let text, _) = self else { return nil }
        let digits = text.replacing("_", with: "")
        if let exact = Int(digits) { return exact }
        guard let number = double, number == number.rounded(), abs(number) < 9_007_199_254_740_992 else { return nil }
        return Int(number)
    }

    /// The value as a finite number, in every spelling of YAML 1.1 and 1.2: `1e-4`, `1.0e-4`, `.5`, `5.`, `1_000`.
    public var double: Double? {
        guard case .scalar(let text, _) = self else { return nil }
        var digits = Substring(text.replacing("_", with: ""))
        let isNegative = digits.first == "-"
        if isNegative || digits.first == "+" { digits = digits.dropFirst() }
        // Swift would also read "0x1p3", "inf" and "nan".
        guard let first = digits.first, first.isASCII, first.isNumber || first == ".",
            digits.allSatisfy({ "0123456789.eE+-".contains($0) })
        else { return nil }
        var normal = digits.first == "." ? "0" + digits : String(digits)
        if normal.last == "." { normal += "0" }
        normal = normal.replacing(".e", with: ".0e").replacing(".E", with: ".0E")
        guard let number = Double(normal), number.isFinite else { return nil }
        return isNegative ? -number : number
    }

    /// The value's text, for scalars.
    public var string: String? {
        guard case .scalar(let text, _) = self else { return nil }
        return text
    }

    /// The value's elements, for lists.
    public var list: [ConfigValue]? {
        guard case .list(let elements) = self else { return nil }
        return elements
    }

    /// The value's entries, for mappings.
    public var map: [String: ConfigValue]? {
        guard case .map(let entries) = self else { return nil }
        return entries
    }

    /// The value under `key`, for mappings.
    public subscript(key: String) -> ConfigValue? { map?[key] }

    /// A short YAML spelling on one line, keys in alphabetical order.
    public var text: String {
        switch self {
        case .null: "null"
        case .scalar(let text, let isQuoted): isQuoted ? "\"\(text)\"" : text
        case .list(let elements): "[" + elements.map(\.text).joined(separator: ", ") + "]"
        case .map(let entries):
            "{" + entries.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value.text)" }.joined(separator: ", ") + "}"
        }
    }

    /// This value with `other` laid over it: mappings are merged key by key, everything else is replaced (OmegaConf's rule).
    func merged(with other: ConfigValue) -> ConfigValue {
        guard case .map(let below) = self, case .map(let above) = other else { return other }
        return .map(below.merging(above) { $0.merged(with: $1) })
    }
}
