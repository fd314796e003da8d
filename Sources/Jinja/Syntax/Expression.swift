/// An expression of a template.
indirect enum Expression: Sendable {
    case literal(Literal)
    case name(String, line: Int)
    case list([Expression])
    case tuple([Expression])
    case dict([Pair])
    case attribute(Expression, String, line: Int)
    case item(Expression, Expression, line: Int)
    case slice(Expression, lower: Expression?, upper: Expression?, step: Expression?, line: Int)
    case call(Expression, CallArguments, line: Int)
    /// A filter; without a value it filters the body of a block.
    case filter(Expression?, String, CallArguments, line: Int)
    case test(Expression, String, CallArguments, line: Int)
    case negative(Expression)
    case positive(Expression)
    case not(Expression)
    case binary(Operator, Expression, Expression, line: Int)
    case and(Expression, Expression)
    case or(Expression, Expression)
    case compare(Expression, [Comparison], line: Int)
    case concat([Expression])
    case conditional(test: Expression, then: Expression, otherwise: Expression?)

    struct Pair: Sendable {
        var key: Expression
        var value: Expression
    }

    struct Comparison: Sendable {
        var relation: Relation
        var right: Expression
    }

    enum Operator: String, Sendable {
        case add = "+"
        case subtract = "-"
        case multiply = "*"
        case divide = "/"
        case floorDivide = "//"
        case modulo = "%"
        case power = "**"
    }

    enum Relation: String, Sendable {
        case equal = "=="
        case notEqual = "!="
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
        case within = "in"
        case notWithin = "not in"
    }
}

/// A value written in the template.
enum Literal: Sendable {
    case none
    case bool(Bool)
    case int(Int)
    case double(Double)
    case string(String)
}

/// What stands in the brackets of a call.
struct CallArguments: Sendable {
    struct Named: Sendable {
        var name: String
        var value: Expression
    }

    var positional: [Expression] = []
    var named: [Named] = []
    /// After `*`.
    var more: Expression?
    /// After `**`.
    var moreNamed: Expression?
}
