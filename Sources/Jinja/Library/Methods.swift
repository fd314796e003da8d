/// The methods of Python's types that templates may call.
enum Methods {
    enum Access {
        case allowed
        /// It would change the value, which the sandbox forbids, or reach into the host.
        case refused
    }

    private static let sequence: Set<String> = ["count", "index"]
    private static let dict: Set<String> = ["copy", "get", "items", "keys", "values"]
    private static let changingList: Set<String> = [
        "append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort",
    ]
    private static let changingDict: Set<String> = ["clear", "pop", "popitem", "setdefault", "update"]

    /// nil when the type has no such method.
    static func access(_ name: String, of owner: Value) -> Access? {
        switch owner {
        case .string: if TextMethods.names.contains(name) { return .allowed }
        case .sequence(let value) where value.kind == .list:
            if sequence.contains(name) || name == "copy" { return .allowed }
            if changingList.contains(name) { return .refused }
        case .sequence(let value) where value.kind == .tuple:
            if sequence.contains(name) { return .allowed }
        case .dict:
            if dict.contains(name) { return .allowed }
            if changingDict.contains(name) { return .refused }
        case .double: if name == "is_integer" { return .allowed }
        case .int, .bool: if name == "bit_length" || name == "is_integer" { return .allowed }
        default: break
        }
        return name.hasPrefix("__") && name.hasSuffix("__") && name.utf8.count > 4 ? .refused : nil
    }

    static func call(
        _ name: String, of owner: Value, _ arguments: Arguments, _ renderer: Renderer
    ) throws -> Value {
        switch owner {
        case .string(let text): return try TextMethods(text, renderer).call(name, arguments)
        case .dict(let dict): return try call(name, dict, arguments, renderer)
        case .sequence(let sequence): return try call(name, sequence, arguments, renderer)
        case .double(let number): return .bool(number.rounded() == number)
        case .int, .bool:
            if name == "is_integer" { return .bool(true) }
            return .int(Int.bitWidth - (owner.intValue ?? 0).magnitude.leadingZeroBitCount)
        default: throw JinjaError("'\(owner.typeName)' object has no method '\(name)'")
        }
    }

    private static func call(
        _ name: String, _ dict: Value.Dict, _ arguments: Arguments, _ renderer: Renderer
    ) throws -> Value {
        if name == "get" {
            let bound = try arguments.bind("key", "default", function: "get")
            guard let key = bound[0] else { throw JinjaError("get expected at least 1 argument, got 0") }
            if case .undefined = key { return bound[1] ?? .none }
            _ = try Value.Key(key)
            return dict[key] ?? bound[1] ?? .none
        }
        _ = try arguments.bind(function: name)
        try renderer.allocateItems(dict.count * (name == "items" ? 4 : 1))
        switch name {
        case "keys": return .sequence(try Value.Sequence(.keys, dict.keys))
        case "values": return .sequence(try Value.Sequence(.values, dict.values))
        case "items":
            return .sequence(try Value.Sequence(.items, dict.pairs.map { try .tuple([$0, $1]) }))
        default: return .dict(dict)
        }
    }

    private static func call(
        _ name: String, _ sequence: Value.Sequence, _ arguments: Arguments, _ renderer: Renderer
    ) throws -> Value {
        switch name {
        case "copy": return .sequence(sequence)
        case "count":
            let value = try arguments.bindOne("value", function: name)
            return .int(try sequence.items.count { try renderer.areEqual($0, value) })
        default:
            let bound = try arguments.bind("value", "start", "stop", function: name)
            guard let value = bound[0] else { throw JinjaError("index expected at least 1 argument, got 0") }
            let count = sequence.items.count
            func place(_ index: Int) -> Int { min(count, max(0, index < 0 ? index + count : index)) }
            let (start, stop) = (
                place(try bound[1].int("start", default: 0)), place(try bound[2].int("stop", default: count))
            )
            for index in start..<max(start, stop) where try renderer.areEqual(sequence.items[index], value) {
                return .int(index)
            }
            throw JinjaError("\(try renderer.literal(value).prefix(100)) is not in \(sequence.kind.rawValue)")
        }
    }
}
