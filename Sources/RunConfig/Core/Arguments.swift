/// One section of the configuration: the settings that `Settings` declares, each with its value.
///
/// The declarations are the properties of `Settings`; their values are read by the same names:
/// `tuning.loraRank` is the value of the setting declared as `TuningSettings.loraRank`.
@dynamicMemberLookup
public struct Arguments<Settings: SettingDeclarations>: Sendable {
    /// The values that differ from "not given", by key.
    private var values: [String: any SettingValue] = [:]

    /// A section in which everything has its default.
    public init() {}

    /// The value of a setting: the one that was given, or its default.
    public subscript<Value>(dynamicMember setting: KeyPath<Settings, Setting<Value>>) -> Value {
        get {
            let declaration = Settings.declarations[keyPath: setting]
            // Apart from the cast: an absent value casts to an optional type's nil, not to the default.
            guard let value = values[declaration.key] else { return declaration.defaultValue }
            return value as? Value ?? declaration.defaultValue
        }
        set { values[Settings.declarations[keyPath: setting].key] = newValue }
    }

    /// Whether a value was given, be it the default.
    public func isGiven<Value>(_ setting: KeyPath<Settings, Setting<Value>>) -> Bool {
        values[Settings.declarations[keyPath: setting].key] != nil
    }

    /// The keys of the values that were given.
    public var givenKeys: Set<String> { Set(values.keys) }

    /// Sets a value that the setting of this key decoded.
    mutating func set(_ key: String, _ value: any SettingValue) { values[key] = value }

    /// The value of a key as YAML, when one was given.
    func text(of key: String) -> String? { values[key]?.configText }
}

/// The declarations of a section: a struct whose stored properties are all of type `Setting`.
///
/// A setting is documented by its third argument, which is the help text as well.
public protocol SettingDeclarations: Sendable {
    /// The section's title in the help text.
    static var title: String { get }
    /// The declarations.
    static var declarations: Self { get }
}

extension SettingDeclarations {
    /// All settings of the section, in the order of their declaration.
    public static var all: [any AnySetting] {
        Mirror(reflecting: declarations).children.compactMap { $0.value as? any AnySetting }
    }
}
