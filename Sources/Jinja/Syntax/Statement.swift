/// A piece of a template: text, an output or a block.
indirect enum Statement: Sendable {
    case text(String)
    case output(Expression, line: Int)
    case set(Target, Expression, line: Int)
    /// `{% set x %}…{% endset %}`
    case setBlock(Target, filter: Expression?, body: [Statement], line: Int)
    case condition([Branch], otherwise: [Statement])
    case loop(ForLoop)
    case macro(MacroDefinition, line: Int)
    case call(Expression, MacroDefinition, line: Int)
    case filter(Expression, body: [Statement], line: Int)
    case with([Binding], body: [Statement], line: Int)
    /// What the assistant wrote, for masks.
    case generation(body: [Statement], line: Int)
    /// `{% block %}`, which nothing can override here.
    case block(body: [Statement])
    case leave(line: Int)
    case next(line: Int)

    struct Branch: Sendable {
        var test: Expression
        var body: [Statement]
        var line: Int
    }

    struct Binding: Sendable {
        var target: Target
        var value: Expression
    }
}

/// What a value is given to.
indirect enum Target: Sendable {
    case name(String)
    case attribute(namespace: String, String)
    case tuple([Target])
}

struct ForLoop: Sendable {
    var target: Target
    var items: Expression
    var condition: Expression?
    var isRecursive: Bool
    var body: [Statement]
    var otherwise: [Statement]
    var line: Int
}

/// A macro, or the body of a call block.
final class MacroDefinition: Sendable {
    struct Parameter: Sendable {
        var name: String
        var defaultValue: Expression?
    }

    let name: String
    let parameters: [Parameter]
    let body: [Statement]
    /// Which of the special names the body uses.
    let usesCaller: Bool
    let usesVarargs: Bool
    let usesKwargs: Bool

    init(name: String, parameters: [Parameter], body: [Statement], names: Set<String>) {
        self.name = name
        self.parameters = parameters
        self.body = body
        usesCaller = names.contains("caller")
        usesVarargs = names.contains("varargs")
        usesKwargs = names.contains("kwargs")
    }
}
