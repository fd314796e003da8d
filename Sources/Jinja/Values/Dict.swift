extension Value {
    /// A dictionary in the order its keys came in.
    final class Dict {
        private(set) var keys: [Value] = []
        private(set) var values: [Value] = []
        private var places: [Key: Int] = [:]
        private(set) var depth = 1

        var count: Int { keys.count }
        var pairs: Zip2Sequence<[Value], [Value]> { zip(keys, values) }

        /// - Throws: when a key cannot be one, or containers are nested too deeply.
        init(_ pairs: [(Value, Value)]) throws {
            for (key, value) in pairs { set(key, try Key(key), value) }
            depth = max(try Sequence.depth(over: values), try Sequence.depth(over: keys))
        }

        /// For input, whose keys are texts.
        init(trusted pairs: [(Value, Value)]) {
            for (key, value) in pairs {
                if let known = try? Key(key) { set(key, known, value) }
            }
            depth = 1 + (values.lazy.map(\.depth).max() ?? 0)
        }

        private func set(_ key: Value, _ known: Key, _ value: Value) {
            if let place = places[known] {
                values[place] = value
                return
            }
            places[known] = keys.count
            keys.append(key)
            values.append(value)
        }

        subscript(key: Value) -> Value? {
            guard let known = try? Key(key) else { return nil }
            return places[known].map { values[$0] }
        }

        subscript(name: String) -> Value? { places[.text(ExactText(name))].map { values[$0] } }
    }

    /// What equal keys have in common: 1, 1.0 and true are one key.
    enum Key: Hashable {
        case none
        case int(Int)
        case double(UInt64)
        case text(ExactText)
        case tuple([Key])

        init(_ value: Value) throws {
            switch value {
            case .none: self = .none
            case .bool(let flag): self = .int(flag ? 1 : 0)
            case .int(let number): self = .int(number)
            case .double(let number): self = Int(exactly: number).map(Key.int) ?? .double(number.bitPattern)
            case .string(let text), .largeInt(let text): self = .text(ExactText(text))
            // Depth one only: a tuple of tuples of tuples … is small but takes for ever to compare.
            case .sequence(let sequence) where sequence.kind == .tuple && sequence.depth <= 2:
                self = .tuple(try sequence.items.map(Key.init))
            default: throw JinjaError("unhashable type: '\(value.typeName)'")
            }
        }
    }
}

/// A text that equals another only when all code points do; Swift's `==` takes é and e + ´ for the same.
struct ExactText: Hashable {
    let text: String

    init(_ text: String) { self.text = text }

    static func == (left: Self, right: Self) -> Bool { left.text.isExactly(right.text) }

    func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}
