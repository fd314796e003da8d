/// A macro, with the names around its definition.
final class Macro: Value.Object {
    let definition: MacroDefinition
    private let scope: Scope

    init(_ definition: MacroDefinition, _ scope: Scope) {
        self.definition = definition
        self.scope = scope
    }

    var typeName: String { "Macro" }

    func attribute(_ name: String, _ renderer: Renderer) throws -> Value? {
        switch name {
        case "name": .string(definition.name)
        case "arguments": try .tuple(definition.parameters.map { .string($0.name) })
        case "caller": .bool(definition.usesCaller)
        case "catch_kwargs": .bool(definition.usesKwargs)
        case "catch_varargs": .bool(definition.usesVarargs)
        default: nil
        }
    }

    func call(_ arguments: Arguments, _ renderer: Renderer) throws -> Value {
        let inner = Scope(scope)
        try bind(arguments, inner, renderer)
        let outerLine = renderer.line
        let text = try renderer.collect { _ = try renderer.run(definition.body, inner) }
        renderer.line = outerLine
        return .string(text)
    }

    /// Gives the parameters their values as Jinja does.
    private func bind(_ arguments: Arguments, _ inner: Scope, _ renderer: Renderer) throws {
        let parameters = definition.parameters
        var named = arguments.named
        for (place, parameter) in parameters.enumerated() {
            if place < arguments.positional.count {
                inner.names[parameter.name] = arguments.positional[place]
            } else if let index = named.firstIndex(where: { $0.name == parameter.name }) {
                inner.names[parameter.name] = named.remove(at: index).value
            } else if let value = parameter.defaultValue {
                inner.names[parameter.name] = try renderer.evaluate(value, inner)
            } else {
                inner.names[parameter.name] = .undefined(Undefined("parameter '\(parameter.name)' was not provided"))
            }
        }
        if definition.usesCaller, !parameters.contains(where: { $0.name == "caller" }) {
            if let index = named.firstIndex(where: { $0.name == "caller" }) {
                inner.names["caller"] = named.remove(at: index).value
            } else {
                inner.names["caller"] = .undefined(Undefined("No caller defined"))
            }
        }
        if definition.usesKwargs {
            inner.names["kwargs"] = .dict(try Value.Dict(named.map { (.string($0.name), $0.value) }))
        } else if let first = named.first {
            throw JinjaError("macro '\(definition.name)' takes no keyword argument '\(first.name)'")
        }
        let more = arguments.positional.dropFirst(parameters.count)
        if definition.usesVarargs {
            inner.names["varargs"] = try .tuple(Array(more))
        } else if !more.isEmpty {
            throw JinjaError("macro '\(definition.name)' takes not more than \(parameters.count) argument(s)")
        }
    }
}
