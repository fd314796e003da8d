/// A type that the value of a setting may have.
public protocol SettingValue: Sendable, Equatable {
    /// What the type accepts, for error messages and help: "a whole number".
    static var expectation: String { get }
    /// Whether null is a value of the type.
    static var allowsNull: Bool { get }
    /// Reads the value; nil when it does not fit the type.
    init?(configValue: ConfigValue)
    /// The value as it would be written in YAML.
    var configText: String { get }
}

/// An enumeration whose cases are named by their raw values.
public protocol SettingChoice: SettingValue, CaseIterable, RawRepresentable where RawValue == String {}

extension SettingChoice {
    public static var expectation: String { "one of " + allCases.map(\.rawValue).joined(separator: ", ") }
    public init?(configValue: ConfigValue) {
        guard let text = configValue.string else { return nil }
        self.init(rawValue: text)
    }
    public var configText: String { rawValue }
}

extension Bool: SettingValue {
    public static var expectation: String { "true or false" }
    public init?(configValue: ConfigValue) {
        guard let value = configValue.bool else { return nil }
        self = value
    }
    public var configText: String { self ? "true" : "false" }
}

extension Int: SettingValue {
    public static var expectation: String { "a whole number" }
    public init?(configValue: ConfigValue) {
        guard let value = configValue.int else { return nil }
        self = value
    }
    public var configText: String { String(self) }
}

extension Double: SettingValue {
    public static var expectation: String { "a number" }
    public init?(configValue: ConfigValue) {
        guard let value = configValue.double else { return nil }
        self = value
    }
    public var configText: String { Int(exactly: self).map(String.init) ?? String(self) }
}

extension String: SettingValue {
    public static var expectation: String { "text" }
    public init?(configValue: ConfigValue) {
        guard let value = configValue.string else { return nil }
        self = value
    }
    public var configText: String { self }
}

extension ConfigValue: SettingValue {
    public static var expectation: String { "a value, a list or a mapping" }
    public init?(configValue: ConfigValue) { self = configValue }
    public var configText: String { text }
}

extension SettingValue {
    public static var allowsNull: Bool { false }
}

extension Optional: SettingValue where Wrapped: SettingValue {
    public static var expectation: String { Wrapped.expectation }
    public static var allowsNull: Bool { true }
    public init?(configValue: ConfigValue) {
        if case .null = configValue {
            self = .none
        } else if let value = Wrapped(configValue: configValue) {
            self = .some(value)
        } else {
            return nil
        }
    }
    public var configText: String { self?.configText ?? "null" }
}

/// A list, or LLaMA-Factory's text with commas: `a, b`; empty elements are dropped, `null` is the empty list.
extension Array: SettingValue where Element: SettingValue {
    public static var expectation: String { "a list, or a text with commas between its elements" }
    public init?(configValue: ConfigValue) {
        let parts: [ConfigValue]
        switch configValue {
        case .null: parts = []
        case .list(let elements): parts = elements
        case .scalar(let text, let isQuoted):
            parts = text.split(separator: ",").map { ConfigValue.scalar($0.trimmingWhitespace, isQuoted: isQuoted) }
        case .map: return nil
        }
        self = []
        for part in parts where part != .scalar("", isQuoted: true) && part != .scalar("", isQuoted: false) {
            guard let element = Element(configValue: part) else { return nil }
            append(element)
        }
    }
    public var configText: String { "[" + map(\.configText).joined(separator: ", ") + "]" }
}

/// A mapping, or its JSON text (LLaMA-Factory's flags carry mappings as JSON).
extension Dictionary: SettingValue where Key == String, Value == ConfigValue {
    public static var expectation: String { "a mapping" }
    public init?(configValue: ConfigValue) {
        switch configValue {
        case .map(let entries): self = entries
        case .scalar(let text, _) where text.hasPrefix("{"):
            guard case .map(let entries)? = try? ConfigDocument.value(ofText: text) else { return nil }
            self = entries
        default: return nil
        }
    }
    public var configText: String { ConfigValue.map(self).text }
}

extension StringProtocol {
    /// The text without white space at both ends.
    var trimmingWhitespace: String {
        let start = firstIndex { !$0.isWhitespace } ?? endIndex
        let end = lastIndex { !$0.isWhitespace }.map { index(after: $0) } ?? start
        return String(self[start..<end])
    }
}
