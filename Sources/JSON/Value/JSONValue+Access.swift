extension JSONValue {
    /// The value of a key, the last one if there are several; nil when this is no object or has no such key.
    public subscript(key: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.last { $0.key == key }?.value
    }

    /// The text of a string.
    public var stringValue: String? {
        if case .string(let text) = self { text } else { nil }
    }

    /// The truth value of true and false.
    public var boolValue: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The whole number; 1.0 is none.
    public var intValue: Int? {
        if case .int(let value) = self { value } else { nil }
    }

    /// The whole number this is, or nil; a floating-point number without a fraction counts.
    public var integer: Int? {
        switch self {
        case .int(let value): value
        case .double(let value): Int(exactly: value)
        default: nil
        }
    }

    /// The number this is, whole or not, as the nearest double.
    public var number: Double? {
        switch self {
        case .int(let value): Double(value)
        case .largeInt(let digits): Double(digits)
        case .double(let value): value
        default: nil
        }
    }

    /// The elements of an array.
    public var arrayValue: [JSONValue]? {
        if case .array(let items) = self { items } else { nil }
    }

    /// The members of an object.
    public var members: [JSONMember]? {
        if case .object(let members) = self { members } else { nil }
    }

    /// Whether this is null.
    public var isNull: Bool {
        if case .null = self { true } else { false }
    }

    /// What Python's `bool()` says: empty containers, empty strings, zero, false and null are not.
    public var isTruthy: Bool {
        switch self {
        case .object(let members): !members.isEmpty
        case .array(let items): !items.isEmpty
        case .string(let text): !text.isEmpty
        case .int(let value): value != 0
        case .largeInt: true
        case .double(let value): value != 0
        case .bool(let value): value
        case .null: false
        }
    }

    /// What kind of value this is, for messages: "a number".
    public var kind: String {
        switch self {
        case .null: "null"
        case .bool: "true or false"
        case .int, .largeInt, .double: "a number"
        case .string: "text"
        case .array: "a list"
        case .object: "an object"
        }
    }
}
