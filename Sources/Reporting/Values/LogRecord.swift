/// Named values in the order they were set, like a Python dict: one entry of a log history, a set of metrics.
public struct LogRecord: Sendable, Equatable, ExpressibleByDictionaryLiteral {
    /// A name and its value.
    public struct Entry: Sendable, Equatable {
        public let key: String
        public var value: LogValue
    }

    /// The values in order; no key occurs twice.
    public private(set) var entries: [Entry] = []

    public init() {}

    /// Keys that repeat keep their first place and their last value.
    public init(dictionaryLiteral elements: (String, LogValue)...) {
        for (key, value) in elements { self[key] = value }
    }

    public var keys: [String] { entries.map(\.key) }
    public var isEmpty: Bool { entries.isEmpty }

    /// The value of a key. Setting nil removes it; a new key goes to the end.
    public subscript(key: String) -> LogValue? {
        get { entries.first { $0.key == key }?.value }
        set {
            let index = entries.firstIndex { $0.key == key }
            switch (index, newValue) {
            case (let index?, let value?): entries[index].value = value
            case (let index?, nil): entries.remove(at: index)
            case (nil, let value?): entries.append(Entry(key: key, value: value))
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
    var sorted: [Entry] { entries.sorted { $0.key.unicodeScalars.lexicographicallyPrecedes($1.key.unicodeScalars) } }
}
