/// What stands after `is`.
enum ValueTests {
    static let names: Set<String> = [
        "boolean", "callable", "defined", "divisibleby", "eq", "equalto", "==", "escaped", "even", "false", "filter",
        "float", "ge", ">=", "greaterthan", "gt", ">", "in", "integer", "iterable", "le", "<=", "lessthan", "lt", "<",
        "lower", "mapping", "ne", "!=", "none", "number", "odd", "sameas", "sequence", "string", "test", "true",
        "undefined", "upper",
    ]

    static func apply(
        _ name: String, to value: Value, _ arguments: Arguments, _ renderer: Renderer
    ) throws -> Bool {
        if let relation = relations[name] {
            return try renderer.holds(value, relation, try arguments.bindOne("other", function: name))
        }
        switch name {
        case "divisibleby":
            let number = try Value?.some(arguments.bindOne("num", function: name)).int("num")
            guard number != 0 else { throw JinjaError("integer modulo by zero") }
            let rest = try renderer.combine(value, .modulo, .int(number))
            return !rest.isTruthy
        case "sameas": return isSame(value, try arguments.bindOne("other", function: name))
        default: break
        }
        _ = try arguments.bind(function: name)
        switch name {
        case "defined": return !value.isUndefined
        case "undefined": return value.isUndefined
        case "none": return value.isNone
        case "true": if case .bool(true) = value { return true } else { return false }
        case "false": if case .bool(false) = value { return true } else { return false }
        case "boolean": if case .bool = value { return true } else { return false }
        case "string": return value.stringValue != nil
        case "mapping": if case .dict = value { return true } else { return false }
        case "odd", "even":
            let rest = try renderer.combine(value, .modulo, .int(2))
            return try renderer.areEqual(rest, .int(name == "odd" ? 1 : 0))
        case "lower", "upper": return try renderer.text(of: value).isKind("is\(name)")
        case "escaped": return false
        case "filter": return value.stringValue.map(Filters.names.contains) ?? false
        case "test": return value.stringValue.map(names.contains) ?? false
        default: return try isOfType(name, value)
        }
    }

    private static let relations: [String: Expression.Relation] = [
        "eq": .equal, "equalto": .equal, "==": .equal, "ne": .notEqual, "!=": .notEqual, "lt": .less,
        "lessthan": .less, "<": .less, "le": .lessOrEqual, "<=": .lessOrEqual, "gt": .greater, "greaterthan": .greater,
        ">": .greater, "ge": .greaterOrEqual, ">=": .greaterOrEqual, "in": .within,
    ]

    private static func isOfType(_ name: String, _ value: Value) throws -> Bool {
        switch (name, value) {
        case ("integer", .int), ("integer", .largeInt), ("float", .double), ("number", .int), ("number", .largeInt),
            ("number", .double), ("number", .bool), ("callable", .undefined):
            true
        case ("callable", .object(let object)): object.isCallable
        case ("iterable", .string), ("iterable", .sequence), ("iterable", .dict), ("iterable", .range),
            ("iterable", .undefined):
            true
        case ("iterable", .object(let object)): object is LoopContext
        case ("sequence", .string), ("sequence", .dict), ("sequence", .range), ("sequence", .undefined): true
        case ("sequence", .sequence(let sequence)): sequence.kind == .list || sequence.kind == .tuple
        case ("integer", _), ("float", _), ("number", _), ("callable", _), ("iterable", _), ("sequence", _): false
        default: throw JinjaError("there is no test named '\(name)'")
        }
    }

    /// Python's `is`.
    private static func isSame(_ left: Value, _ right: Value) -> Bool {
        switch (left, right) {
        case (.none, .none): true
        case (.bool(let a), .bool(let b)): a == b
        case (.int(let a), .int(let b)): a == b
        case (.double(let a), .double(let b)): a == b
        case (.string(let a), .string(let b)): a.isExactly(b)
        case (.sequence(let a), .sequence(let b)): a === b
        case (.dict(let a), .dict(let b)): a === b
        case (.object(let a), .object(let b)): a === b
        default: false
        }
    }
}
