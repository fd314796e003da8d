import Foundation

extension Renderer {
    func combine(_ left: Value, _ sign: Expression.Operator, _ right: Value) throws -> Value {
        if case .undefined(let undefined) = left { throw undefined.error }
        if sign == .modulo, case .string(let format) = left { return .string(try format.printf(right, self)) }
        if case .undefined(let undefined) = right { throw undefined.error }
        if let a = left.intValue, let b = right.intValue { return try combine(a, sign, b) }
        if let a = left.doubleValue, let b = right.doubleValue { return try combine(a, sign, b) }
        switch (sign, left, right) {
        case (.add, .string(let a), .string(let b)):
            try allocate(a.utf8.count + b.utf8.count)
            return .string(a + b)
        case (.add, .sequence(let a), .sequence(let b)) where a.kind == b.kind && [.list, .tuple].contains(a.kind):
            try allocateItems(a.items.count + b.items.count)
            return .sequence(try Value.Sequence(a.kind, a.items + b.items))
        case (.multiply, _, _):
            if let count = right.intValue { return try repeated(left, count) }
            if let count = left.intValue { return try repeated(right, count) }
        default: break
        }
        throw JinjaError(
            "unsupported operand type(s) for \(sign.rawValue): '\(left.typeName)' and '\(right.typeName)'")
    }

    private func repeated(_ value: Value, _ count: Int) throws -> Value {
        switch value {
        case .string(let text):
            try allocateCopies(count, of: text.utf8.count)
            return .string(String(repeating: text, count: max(count, 0)))
        case .sequence(let sequence) where sequence.kind == .list || sequence.kind == .tuple:
            let (total, overflow) = max(count, 0).multipliedReportingOverflow(by: sequence.items.count)
            try allocateItems(overflow ? .max : total)
            let copies = (0..<max(count, 0)).flatMap { _ in sequence.items }
            return .sequence(try Value.Sequence(sequence.kind, copies))
        default: throw JinjaError("can't multiply sequence by non-int of type '\(value.typeName)'")
        }
    }

    private func combine(_ a: Int, _ sign: Expression.Operator, _ b: Int) throws -> Value {
        let result: (partialValue: Int, overflow: Bool)
        switch sign {
        case .add: result = a.addingReportingOverflow(b)
        case .subtract: result = a.subtractingReportingOverflow(b)
        case .multiply: result = a.multipliedReportingOverflow(by: b)
        case .divide:
            guard b != 0 else { throw JinjaError("division by zero") }
            return .double(Double(a) / Double(b))
        case .floorDivide, .modulo:
            guard b != 0 else { throw JinjaError("integer division or modulo by zero") }
            guard !(a == .min && b == -1) else { throw Self.tooLarge }
            let rest = a % b
            let isOff = rest != 0 && (rest < 0) != (b < 0)
            return .int(sign == .modulo ? (isOff ? rest + b : rest) : (isOff ? a / b - 1 : a / b))
        case .power: return try power(a, b)
        }
        guard !result.overflow else { throw Self.tooLarge }
        return .int(result.partialValue)
    }

    private static let tooLarge = JinjaError("a whole number is too large")

    private func power(_ a: Int, _ b: Int) throws -> Value {
        guard b >= 0 else {
            guard a != 0 else { throw JinjaError("0.0 cannot be raised to a negative power") }
            return .double(pow(Double(a), Double(b)))
        }
        if a == 0 || a == 1 { return .int(b == 0 ? 1 : a) }
        if a == -1 { return .int(b % 2 == 0 ? 1 : -1) }
        guard b < 64 else { throw Self.tooLarge }
        var value = 1
        for _ in 0..<b {
            let (next, overflow) = value.multipliedReportingOverflow(by: a)
            guard !overflow else { throw Self.tooLarge }
            value = next
        }
        return .int(value)
    }

    private func combine(_ a: Double, _ sign: Expression.Operator, _ b: Double) throws -> Value {
        switch sign {
        case .add: return .double(a + b)
        case .subtract: return .double(a - b)
        case .multiply: return .double(a * b)
        case .divide:
            guard b != 0 else { throw JinjaError("float division by zero") }
            return .double(a / b)
        case .floorDivide, .modulo:
            guard b != 0 else { throw JinjaError("float floor division by zero") }
            var rest = fmod(a, b)
            if rest != 0, (rest < 0) != (b < 0) { rest += b }
            if sign == .modulo { return .double(rest == 0 ? (b < 0 ? -0.0 : 0.0) : rest) }
            return .double(((a - rest) / b).rounded(.toNearestOrEven))
        case .power:
            guard !(a == 0 && b < 0) else { throw JinjaError("0.0 cannot be raised to a negative power") }
            let value = pow(a, b)
            guard !value.isNaN || a.isNaN || b.isNaN else { throw JinjaError("complex numbers are not supported") }
            return .double(value)
        }
    }

    func negate(_ value: Value) throws -> Value {
        if let number = value.intValue {
            guard number != .min else { throw Self.tooLarge }
            return .int(-number)
        }
        if case .double(let number) = value { return .double(-number) }
        return try identity(value)
    }

    /// Unary plus.
    func identity(_ value: Value) throws -> Value {
        if let number = value.intValue { return .int(number) }
        if case .double = value { return value }
        if case .undefined(let undefined) = value { throw undefined.error }
        throw JinjaError("bad operand type for a sign: '\(value.typeName)'")
    }

    // MARK: - Comparison

    func holds(_ left: Value, _ relation: Expression.Relation, _ right: Value) throws -> Bool {
        switch relation {
        case .equal: try areEqual(left, right)
        case .notEqual: !(try areEqual(left, right))
        case .less: try isLess(left, right)
        case .lessOrEqual: try isLess(left, right, orEqual: true)
        case .greater: try isLess(right, left)
        case .greaterOrEqual: try isLess(right, left, orEqual: true)
        case .within: try contains(right, left)
        case .notWithin: !(try contains(right, left))
        }
    }

    func areEqual(_ left: Value, _ right: Value) throws -> Bool {
        try step()
        switch (left, right) {
        case (.undefined, .undefined), (.none, .none): return true
        case (.string(let a), .string(let b)):
            guard a.utf8.count == b.utf8.count else { return false }
            try look(at: a.utf8.count)
            return a.isExactly(b)
        case (.largeInt(let a), .largeInt(let b)): return a == b
        case (.sequence(let a), .sequence(let b)):
            guard a !== b else { return true }
            guard a.kind == b.kind, a.kind != .generator, a.items.count == b.items.count else { return false }
            return try zip(a.items, b.items).allSatisfy { try areEqual($0, $1) }
        case (.dict(let a), .dict(let b)):
            guard a !== b else { return true }
            guard a.count == b.count else { return false }
            return try a.pairs.allSatisfy { key, value in
                guard let other = b[key] else { return false }
                return try areEqual(value, other)
            }
        case (.range(let a), .range(let b)):
            return a.count == b.count && (a.count == 0 || (a.start == b.start && (a.count == 1 || a.step == b.step)))
        case (.object(let a), .object(let b)): return a === b
        default:
            if let a = left.intValue, let b = right.intValue { return a == b }
            if let a = left.doubleValue, let b = right.doubleValue { return a == b }
            return false
        }
    }

    func isLess(_ left: Value, _ right: Value, orEqual: Bool = false) throws -> Bool {
        try step()
        if let a = left.intValue, let b = right.intValue { return orEqual ? a <= b : a < b }
        if let a = left.doubleValue, let b = right.doubleValue { return orEqual ? a <= b : a < b }
        switch (left, right) {
        case (.undefined(let undefined), _), (_, .undefined(let undefined)): throw undefined.error
        case (.string(let a), .string(let b)):
            try look(at: min(a.utf8.count, b.utf8.count))
            return a.precedes(b) || (orEqual && a.isExactly(b))
        case (.sequence(let a), .sequence(let b)) where a.kind == b.kind && [.list, .tuple].contains(a.kind):
            for (x, y) in zip(a.items, b.items) where !(try areEqual(x, y)) {
                return try isLess(x, y, orEqual: orEqual)
            }
            return orEqual ? a.items.count <= b.items.count : a.items.count < b.items.count
        default:
            throw JinjaError(
                "'<' not supported between instances of '\(left.typeName)' and '\(right.typeName)'")
        }
    }

    /// Python's `item in container`.
    func contains(_ container: Value, _ item: Value) throws -> Bool {
        switch container {
        case .string(let text):
            guard case .string(let part) = item else {
                if case .undefined(let undefined) = item { throw undefined.error }
                throw JinjaError("'in <string>' requires string as left operand, not \(item.typeName)")
            }
            try look(at: text.utf8.count + part.utf8.count)
            return TextBytes(text).find(TextBytes(part)) != nil
        case .dict(let dict):
            _ = try Value.Key(item)
            return dict[item] != nil
        case .range(let range):
            guard let number = item.intValue ?? item.doubleValue.flatMap(Int.init(exactly:)) else { return false }
            guard range.count > 0 else { return false }
            let offset = number.subtractingReportingOverflow(range.start)
            return !offset.overflow && offset.partialValue % range.step == 0
                && (0..<range.count).contains(offset.partialValue / range.step)
        case .undefined: return false
        case .sequence(let sequence):
            return try sequence.take().contains { try areEqual($0, item) }
        default:
            throw JinjaError("argument of type '\(container.typeName)' is not iterable")
        }
    }
}
