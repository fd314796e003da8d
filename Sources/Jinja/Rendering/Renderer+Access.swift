extension Renderer {
    /// Jinja's `owner.name`: an attribute or method first, then an item.
    func attribute(_ name: String, of owner: Value) throws -> Value {
        if let found = try onlyAttribute(name, of: owner) { return found }
        if case .dict(let dict) = owner, let value = dict[name] { return value }
        return .undefined(Undefined(.string(name), of: owner))
    }

    /// The attribute or method; nil when the type has none of that name.
    func onlyAttribute(_ name: String, of owner: Value) throws -> Value? {
        switch owner {
        case .undefined(let undefined): throw undefined.error
        case .object(let object):
            if let value = try object.attribute(name, self) { return value }
        case .range(let range):
            switch name {
            case "start": return .int(range.start)
            case "stop": return .int(range.stop)
            case "step": return .int(range.step)
            default: break
            }
        case .int, .bool:
            if name == "real" || name == "numerator" { return try identity(owner) }
            if name == "imag" { return .int(0) }
            if name == "denominator" { return .int(1) }
        case .sequence(let sequence):
            if let index = sequence.fields.firstIndex(of: name) { return sequence.items[index] }
        default: break
        }
        guard let access = Methods.access(name, of: owner) else { return nil }
        switch access {
        case .allowed: return .object(try BoundMethod(owner, name))
        case .refused:
            return .undefined(
                Undefined("access to attribute '\(name)' of '\(owner.typeName)' object is unsafe."))
        }
    }

    /// Jinja's `owner[key]`: an item first, then an attribute.
    func item(_ key: Value, of owner: Value) throws -> Value {
        switch owner {
        case .undefined(let undefined): throw undefined.error
        case .dict(let dict):
            if let value = dict[key] { return value }
        case .sequence(let sequence) where sequence.kind == .list || sequence.kind == .tuple:
            if let index = key.intValue, let place = Self.place(index, sequence.items.count) {
                return sequence.items[place]
            }
        case .string(let text):
            if let index = key.intValue {
                try look(at: text.utf8.count)
                let scalars = text.unicodeScalars
                let size = index < 0 ? scalars.count : 0
                let place = index < 0 ? index + size : index
                if place >= 0,
                    let found = scalars.index(scalars.startIndex, offsetBy: place, limitedBy: scalars.endIndex),
                    found < scalars.endIndex
                {
                    return .string(String(Character(scalars[found])))
                }
            }
        case .range(let range):
            if let index = key.intValue, let place = Self.place(index, range.count) {
                return .int(range.start + place * range.step)
            }
        default: break
        }
        if let name = key.stringValue, let found = try onlyAttribute(name, of: owner) { return found }
        return .undefined(Undefined(key, of: owner))
    }

    private static func place(_ index: Int, _ count: Int) -> Int? {
        let place = index < 0 ? index + count : index
        return (0..<count).contains(place) ? place : nil
    }

    // MARK: - Slices

    func slice(_ owner: Value, lower: Value?, upper: Value?, step: Value?) throws -> Value {
        if case .undefined(let undefined) = owner { throw undefined.error }
        let stride = try bound(step) ?? 1
        guard stride != 0 else { throw JinjaError("slice step cannot be zero") }
        let (low, high) = (try bound(lower), try bound(upper))
        func places(_ count: Int) -> Value.Range { Self.places(low, high, stride, count) }
        switch owner {
        case .string(let text):
            try allocate(text.utf8.count)
            let scalars = Array(text.unicodeScalars)
            let range = places(scalars.count)
            if stride == 1 { return .string(String(scalars[range.start..<range.start + range.count])) }
            return .string(String((0..<range.count).map { scalars[range.start + $0 * stride] }))
        case .sequence(let sequence) where sequence.kind == .list || sequence.kind == .tuple:
            let range = places(sequence.items.count)
            try allocateItems(range.count)
            let items = (0..<range.count).map { sequence.items[range.start + $0 * stride] }
            return .sequence(try Value.Sequence(sequence.kind, items))
        case .range(let numbers):
            let range = places(numbers.count)
            let start = numbers.start + range.start * numbers.step
            let step = numbers.step.multipliedReportingOverflow(by: stride)
            guard !step.overflow else { throw JinjaError("slice step is too large") }
            return .range(
                Value.Range(start: start, stop: start + range.count * step.partialValue, step: step.partialValue))
        default:
            // Python's lookup fails with a TypeError, which Jinja turns into an undefined value.
            return .undefined(Undefined("'\(owner.typeName)' object is not subscriptable"))
        }
    }

    private func bound(_ value: Value?) throws -> Int? {
        guard let value, !value.isNone else { return nil }
        if case .undefined(let undefined) = value { throw undefined.error }
        guard let number = value.intValue else {
            throw JinjaError("slice indices must be integers or None, not \(value.typeName)")
        }
        return number
    }

    /// Python's `slice.indices`.
    private static func places(_ low: Int?, _ high: Int?, _ stride: Int, _ count: Int) -> Value.Range {
        func clamp(_ index: Int, _ lowest: Int, _ highest: Int) -> Int {
            max(lowest, min(highest, index < 0 ? index + count : index))
        }
        if stride > 0 {
            let start = low.map { clamp($0, 0, count) } ?? 0
            let stop = high.map { clamp($0, 0, count) } ?? count
            return Value.Range(start: start, stop: max(start, stop), step: stride)
        }
        let start = low.map { clamp($0, -1, count - 1) } ?? count - 1
        let stop = high.map { clamp($0, -1, count - 1) } ?? -1
        return Value.Range(start: start, stop: min(start, stop), step: max(stride, -Int.max))
    }

    // MARK: - Iteration

    /// The items of a value as a loop goes through them.
    func iterate(_ value: Value) throws -> [Value] {
        switch value {
        case .sequence(let sequence):
            try step(1 + sequence.items.count / 8)
            return sequence.take()
        case .dict(let dict): return dict.keys
        case .undefined: return []
        case .range(let range):
            try allocateItems(range.count)
            return (0..<range.count).map { .int(range.start + $0 * range.step) }
        case .string(let text):
            try allocateItems(text.utf8.count)
            return text.unicodeScalars.map { .string(String(Character($0))) }
        default: throw JinjaError("'\(value.typeName)' object is not iterable")
        }
    }

    /// Python's `len()`.
    func length(of value: Value) throws -> Int {
        switch value {
        case .undefined: return 0
        case .string(let text):
            try look(at: text.utf8.count)
            return text.numCodePoints
        case .sequence(let sequence) where sequence.kind != .generator: return sequence.items.count
        case .dict(let dict): return dict.count
        case .range(let range): return range.count
        case .object(let loop as LoopContext): return try loop.attribute("length", self)?.intValue ?? 0
        default: throw JinjaError("object of type '\(value.typeName)' has no len()")
        }
    }
}
