/// The one declaration of a setting: its name in YAML, its type and default, what it means and whether it has an effect.
public struct Setting<Value: SettingValue>: AnySetting {
    public let key: String
    public let otherName: String?
    public let documentation: String
    public let status: SettingStatus
    public let limits: SettingLimits
    /// The value when the configuration does not name the setting.
    public let defaultValue: Value

    /// Declares a setting; `limits` hold for numbers and for each element of a list of numbers, `otherName` is what another
    /// program calls it.
    public init(
        _ key: String, _ defaultValue: Value, _ documentation: String, _ status: SettingStatus = .supported,
        limits: SettingLimits = .none, otherName: String? = nil
    ) {
        self.key = key
        self.otherName = otherName
        self.documentation = documentation
        self.status = status
        self.limits = limits
        self.defaultValue = defaultValue
    }

    public var expectation: String { Value.expectation + limits.text + (Value.allowsNull ? ", or null" : "") }
    public var defaultText: String { defaultValue.configText }

    public func decode(_ value: ConfigValue) -> (any SettingValue)? {
        guard let decoded = Value(configValue: value), limits.allow(decoded) else { return nil }
        return decoded
    }
}

/// A setting whose type is not known at compile time.
public protocol AnySetting: Sendable {
    /// LLaMA-Factory's name: `lora_rank`.
    var key: String { get }
    /// A second name that means the same.
    var otherName: String? { get }
    /// What the setting does, in one line.
    var documentation: String { get }
    /// Whether the setting has an effect.
    var status: SettingStatus { get }
    /// The numbers it accepts.
    var limits: SettingLimits { get }
    /// What a value must look like: "a whole number of at least 1".
    var expectation: String { get }
    /// The default as YAML.
    var defaultText: String { get }
    /// Reads a value; nil when it is none that the setting accepts.
    func decode(_ value: ConfigValue) -> (any SettingValue)?
}

/// Whether a setting has an effect here. Nothing is ignored in silence.
public enum SettingStatus: Sendable, Hashable {
    /// The setting does what its documentation says.
    case supported
    /// The setting does what its documentation says for these values (of each element, for lists); others are refused.
    case only([String], String)
    /// The setting is read and changes nothing; a note with the reason is shown when it is set to another value than its default.
    case noEffect(String)
    /// Another value than the default is an error with this reason.
    case refused(String)

    /// Refused because it is not built yet.
    public static let notSupportedYet = SettingStatus.refused("it is not supported yet")
}

/// The numbers that a setting accepts.
public enum SettingLimits: Sendable, Hashable {
    case none
    case atLeast(Double)
    case above(Double)
    case within(ClosedRange<Double>)
    /// From 0 up to, and without, 1.
    case fraction

    /// The limits as the end of "a number…".
    var text: String {
        switch self {
        case .none: ""
        case .atLeast(let bound): " of at least \(bound.configText)"
        case .above(let bound): " above \(bound.configText)"
        case .within(let range): " from \(range.lowerBound.configText) to \(range.upperBound.configText)"
        case .fraction: " from 0 to below 1"
        }
    }

    /// Whether a value is within the limits; what is not a number always is.
    func allow(_ value: any SettingValue) -> Bool {
        let number: Double? =
            switch value {
            case let number as Double: number
            case let number as Int: Double(number)
            case let optional as Double?: optional
            case let optional as Int?: optional.map(Double.init)
            default: nil
            }
        guard let number else { return (value as? [Double])?.allSatisfy { allow($0) } ?? true }
        switch self {
        case .none: return true
        case .atLeast(let bound): return number >= bound
        case .above(let bound): return number > bound
        case .within(let range): return range.contains(number)
        case .fraction: return number >= 0 && number < 1
        }
    }
}
