public import JSON

/// Named values in the order they were set, like a Python dict: one entry of a log history, a set of metrics.
public struct LogRecord: Sendable, Equatable, ExpressibleByDictionaryLiteral {
    /// The values in order; no key occurs twice.
    public private(set) var entries: [JSONMember] = []

    public init() {}

    /// The members of a JSON object; nil for another value.
    public init?(_ value: JSONValue?) {
        guard let members = value?.members else { return nil }
        for member in members { self[member.key] = member.value }
    }

    /// The record as a JSON object.
    public var object: JSONValue { .object(entries) }

    /// Keys that repeat keep their first place and their last value.
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        for (key, value) in elements { self[key] = value }
    }

    public var keys: [String] { entries.map(\.key) }
    public var isEmpty: Bool { entries.isEmpty }

    /// The value of a key. Setting nil removes it; a new key goes to the end.
    public subscript(key: String) -> JSONValue? {
        get { entries.first { $0.key == key }?.value }
        set {
            let index = entries.firstIndex { $0.key == key }
            switch (index, newValue) {
            case (let index?, let value?): entries[index].value = value
            case (let index?, nil): entries.remove(at: index)
            case (nil, let value?): entries.append(JSONMember(key, value))
            case (nil, nil): break
            }
        }
    }

    /// The value of a key as a number, or nil.
    public func number(_ key: String) -> Double? { self[key]?.number }

    /// Takes over the values of another record, as Python's `dict.update`.
    public mutating func merge(_ other: LogRecord) {
        for entry in other.entries { self[entry.key] = entry.value }
    }

    /// Sorted as Python sorts strings: by code point.
    var sorted: [JSONMember] {
        entries.sorted { $0.key.unicodeScalars.lexicographicallyPrecedes($1.key.unicodeScalars) }
    }
}
