import Foundation

extension Value {
    /// Something with attributes or that can be called: a function, a macro, a namespace, a loop.
    protocol Object: AnyObject {
        var typeName: String { get }
        var isCallable: Bool { get }
        /// How deep containers inside are nested.
        var depth: Int { get }
        /// nil when there is no such attribute.
        func attribute(_ name: String, _ renderer: Renderer) throws -> Value?
        func call(_ arguments: Arguments, _ renderer: Renderer) throws -> Value
    }
}

extension Value.Object {
    var isCallable: Bool { true }
    var depth: Int { 0 }
    func attribute(_ name: String, _ renderer: Renderer) throws -> Value? { nil }
    func call(_ arguments: Arguments, _ renderer: Renderer) throws -> Value {
        throw JinjaError("'\(typeName)' object is not callable")
    }
}

/// A function of the environment.
final class Function: Value.Object {
    let name: String
    private let body: (Arguments, Renderer) throws -> Value

    init(_ name: String, _ body: @escaping (Arguments, Renderer) throws -> Value) {
        self.name = name
        self.body = body
    }

    var typeName: String { "function" }
    func call(_ arguments: Arguments, _ renderer: Renderer) throws -> Value { try body(arguments, renderer) }
}

/// A method together with the value it belongs to.
final class BoundMethod: Value.Object {
    let owner: Value
    let name: String
    let depth: Int

    init(_ owner: Value, _ name: String) throws {
        self.owner = owner
        self.name = name
        depth = try Value.Sequence.depth(over: [owner])
    }

    var typeName: String { "builtin_function_or_method" }
    func call(_ arguments: Arguments, _ renderer: Renderer) throws -> Value {
        try Methods.call(name, of: owner, arguments, renderer)
    }
}

/// Jinja's `namespace()`: the only thing a template can change.
final class Namespace: Value.Object {
    var attributes: [String: Value] = [:]
    var names: [String] = []

    var typeName: String { "Namespace" }
    var isCallable: Bool { false }

    func attribute(_ name: String, _ renderer: Renderer) -> Value? { attributes[name] }

    func set(_ name: String, _ value: Value) {
        if attributes.updateValue(value, forKey: name) == nil { names.append(name) }
    }
}

/// Jinja's `cycler()`.
final class Cycler: Value.Object {
    let items: [Value]
    let depth: Int
    private var position = 0

    init(_ items: [Value]) throws {
        guard !items.isEmpty else { throw JinjaError("cycler() needs at least one item") }
        self.items = items
        depth = try Value.Sequence.depth(over: items)
    }

    var typeName: String { "Cycler" }
    var isCallable: Bool { false }

    func attribute(_ name: String, _ renderer: Renderer) throws -> Value? {
        switch name {
        case "current": items[position]
        case "next":
            .object(
                Function("next") { [self] _, _ in
                    defer { position = (position + 1) % items.count }
                    return items[position]
                })
        case "reset":
            .object(
                Function("reset") { [self] _, _ in
                    position = 0
                    return .none
                })
        default: nil
        }
    }
}

/// Jinja's `joiner()`: nothing the first time, the separator afterwards.
final class Joiner: Value.Object {
    private let separator: Value
    private var isUsed = false

    init(_ separator: String) { self.separator = .string(separator) }

    var typeName: String { "Joiner" }

    func call(_ arguments: Arguments, _ renderer: Renderer) throws -> Value {
        defer { isUsed = true }
        return isUsed ? separator : .string("")
    }
}
