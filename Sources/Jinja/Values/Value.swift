import JSON

/// A value while rendering, with Python's types.
enum Value {
    case undefined(Undefined)
    case none
    case bool(Bool)
    case int(Int)
    /// A whole number of the input that `Int` cannot hold, as its digits.
    case largeInt(String)
    case double(Double)
    case string(String)
    case sequence(Sequence)
    case dict(Dict)
    case range(Range)
    case object(any Object)

    /// A range as Python's: `count` numbers from `start`, `step` apart.
    struct Range {
        var start: Int
        var stop: Int
        var step: Int

        var count: Int {
            if step > 0 { return start < stop ? (stop - start - 1) / step + 1 : 0 }
            return start > stop ? (start - stop - 1) / -step + 1 : 0
        }
    }

    init(json: JSONValue) {
        switch json {
        case .null: self = .none
        case .bool(let value): self = .bool(value)
        case .int(let value): self = .int(value)
        case .largeInt(let digits): self = .largeInt(digits)
        case .double(let value): self = .double(value)
        case .string(let text): self = .string(text)
        case .array(let items): self = .sequence(Sequence(.list, trusted: items.map(Value.init(json:))))
        case .object(let members):
            self = .dict(Dict(trusted: members.map { (.string($0.key), Value(json: $0.value)) }))
        }
    }

    static func list(_ items: [Value]) throws -> Value { .sequence(try Sequence(.list, items)) }
    static func tuple(_ items: [Value]) throws -> Value { .sequence(try Sequence(.tuple, items)) }
    static func generator(_ items: [Value]) throws -> Value { .sequence(try Sequence(.generator, items)) }

    /// How deep containers are nested.
    var depth: Int {
        switch self {
        case .sequence(let sequence): sequence.depth
        case .dict(let dict): dict.depth
        case .object(let object): object.depth
        default: 0
        }
    }

    /// Python's name of the type.
    var typeName: String {
        switch self {
        case .undefined: "Undefined"
        case .none: "NoneType"
        case .bool: "bool"
        case .int, .largeInt: "int"
        case .double: "float"
        case .string: "str"
        case .sequence(let sequence): sequence.kind.rawValue
        case .dict: "dict"
        case .range: "range"
        case .object(let object): object.typeName
        }
    }

    /// Python's `bool()`.
    var isTruthy: Bool {
        switch self {
        case .undefined, .none: false
        case .bool(let value): value
        case .int(let value): value != 0
        case .largeInt: true
        case .double(let value): value != 0
        case .string(let text): !text.isEmpty
        case .sequence(let sequence): sequence.kind == .generator || !sequence.items.isEmpty
        case .dict(let dict): dict.count > 0
        case .range(let range): range.count > 0
        case .object: true
        }
    }

    /// The whole number this is; true and false are 1 and 0.
    var intValue: Int? {
        switch self {
        case .int(let value): value
        case .bool(let value): value ? 1 : 0
        default: nil
        }
    }

    /// The number this is.
    var doubleValue: Double? {
        switch self {
        case .double(let value): value
        case .int(let value): Double(value)
        case .bool(let value): value ? 1 : 0
        case .largeInt(let digits): Double(digits)
        default: nil
        }
    }

    var stringValue: String? {
        if case .string(let text) = self { text } else { nil }
    }

    var isUndefined: Bool {
        if case .undefined = self { true } else { false }
    }

    var isNone: Bool {
        if case .none = self { true } else { false }
    }
}

/// A value that is not there, and the sentence to say when it is used all the same.
struct Undefined {
    var message: String

    init(_ message: String) { self.message = message }

    init(name: String) { message = "'\(name)' is undefined" }

    /// A key or attribute that `owner` lacks.
    init(_ key: Value, of owner: Value) {
        let type = owner.isNone ? "None" : "\(owner.typeName) object"
        switch key {
        case .string(let name): message = "'\(type)' has no attribute '\(name.prefix(200))'"
        case .int(let index): message = "\(type) has no element \(index)"
        default: message = "\(type) has no such element"
        }
    }

    var error: JinjaError { JinjaError(message) }
}
