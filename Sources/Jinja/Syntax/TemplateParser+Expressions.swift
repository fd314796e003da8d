extension TemplateParser {
    mutating func parseExpression(hasConditional: Bool = true) throws -> Expression {
        try nested { try hasConditional ? $0.parseConditional() : $0.parseOr() }
    }

    private mutating func parseConditional() throws -> Expression {
        var value = try parseOr()
        var count = 0
        while skipName("if") {
            count += 1
            try checkChain(count)
            let test = try parseOr()
            let otherwise = skipName("else") ? try nested { try $0.parseConditional() } : nil
            value = .conditional(test: test, then: value, otherwise: otherwise)
        }
        return value
    }

    /// `read` joined by any of `words`, from the left.
    private mutating func parseChain(
        _ read: (inout Self) throws -> Expression, _ join: (inout Self, Expression) throws -> Expression?
    ) throws -> Expression {
        var left = try read(&self)
        var count = 0
        while let joined = try join(&self, left) {
            count += 1
            try checkChain(count)
            left = joined
        }
        return left
    }

    private mutating func parseOr() throws -> Expression {
        try parseChain({ try $0.parseAnd() }) { parser, left in
            parser.skipName("or") ? .or(left, try parser.parseAnd()) : nil
        }
    }

    private mutating func parseAnd() throws -> Expression {
        try parseChain({ try $0.parseNot() }) { parser, left in
            parser.skipName("and") ? .and(left, try parser.parseNot()) : nil
        }
    }

    private mutating func parseNot() throws -> Expression {
        guard skipName("not") else { return try parseCompare() }
        return .not(try nested { try $0.parseNot() })
    }

    private mutating func parseCompare() throws -> Expression {
        let line = current.line
        let left = try parseSum()
        var comparisons: [Expression.Comparison] = []
        while let relation = skipRelation() {
            comparisons.append(Expression.Comparison(relation: relation, right: try parseSum()))
        }
        return comparisons.isEmpty ? left : .compare(left, comparisons, line: line)
    }

    private mutating func skipRelation() -> Expression.Relation? {
        if current.kind == .symbol, let relation = Expression.Relation(rawValue: current.text) {
            advance()
            return relation
        }
        if skipName("in") { return .within }
        if isName("not"), next.kind == .name, next.text == "in" {
            advance()
            advance()
            return .notWithin
        }
        return nil
    }

    private mutating func skipOperator(_ operators: [Expression.Operator]) -> Expression.Operator? {
        guard current.kind == .symbol, let found = operators.first(where: { $0.rawValue == current.text }) else {
            return nil
        }
        advance()
        return found
    }

    private mutating func parseSum() throws -> Expression {
        try parseChain({ try $0.parseConcat() }) { parser, left in
            let line = parser.current.line
            guard let sign = parser.skipOperator([.add, .subtract]) else { return nil }
            return .binary(sign, left, try parser.parseConcat(), line: line)
        }
    }

    private mutating func parseConcat() throws -> Expression {
        var parts = [try parseProduct()]
        while skipSymbol("~") { parts.append(try parseProduct()) }
        return parts.count == 1 ? parts[0] : .concat(parts)
    }

    private mutating func parseProduct() throws -> Expression {
        try parseChain({ try $0.parsePower() }) { parser, left in
            let line = parser.current.line
            guard let sign = parser.skipOperator([.multiply, .divide, .floorDivide, .modulo]) else { return nil }
            return .binary(sign, left, try parser.parsePower(), line: line)
        }
    }

    private mutating func parsePower() throws -> Expression {
        try parseChain({ try $0.parseUnary() }) { parser, left in
            let line = parser.current.line
            guard let sign = parser.skipOperator([.power]) else { return nil }
            return .binary(sign, left, try parser.parseUnary(), line: line)
        }
    }

    private mutating func parseUnary(hasFilter: Bool = true) throws -> Expression {
        var node: Expression
        if skipSymbol("-") {
            node = .negative(try nested { try $0.parseUnary(hasFilter: false) })
        } else if skipSymbol("+") {
            node = .positive(try nested { try $0.parseUnary(hasFilter: false) })
        } else {
            node = try parsePrimary()
        }
        node = try parsePostfix(node)
        return hasFilter ? try parseFilterExpression(node) : node
    }

    private mutating func parsePrimary() throws -> Expression {
        let token = current
        switch token.kind {
        case .name:
            advance()
            switch token.text {
            case "true", "True": return .literal(.bool(true))
            case "false", "False": return .literal(.bool(false))
            case "none", "None": return .literal(.none)
            default:
                usedNames.insert(token.text)
                return .name(token.text, line: token.line)
            }
        case .string:
            var text = advance().text
            while current.kind == .string { text += advance().text }
            return .literal(.string(text))
        case .integer:
            advance()
            return .literal(.int(Int(token.text) ?? 0))
        case .float:
            advance()
            return .literal(.double(Double(token.text) ?? 0))
        case .symbol where token.text == "(":
            advance()
            let inner = try nested { try $0.parseTuple(isBracketed: true) }
            try expectSymbol(")")
            return inner
        case .symbol where token.text == "[":
            return .list(try nested { try $0.parseItems(open: "[", close: "]") { try $0.parseExpression() } })
        case .symbol where token.text == "{":
            return .dict(
                try nested { parser in
                    try parser.parseItems(open: "{", close: "}") { parser in
                        let key = try parser.parseExpression()
                        try parser.expectSymbol(":")
                        return Expression.Pair(key: key, value: try parser.parseExpression())
                    }
                })
        default: throw fail("unexpected \(token.description)")
        }
    }

    private mutating func parseItems<Item>(
        open: String, close: String, _ read: (inout Self) throws -> Item
    ) throws -> [Item] {
        try expectSymbol(open)
        var items: [Item] = []
        while !isSymbol(close) {
            if !items.isEmpty { try expectSymbol(",") }
            if isSymbol(close) { break }
            items.append(try read(&self))
        }
        try expectSymbol(close)
        return items
    }

    /// An expression, or several with commas.
    mutating func parseTuple(
        hasConditional: Bool = true, isBracketed: Bool = false, end: String? = nil
    ) throws -> Expression {
        var items: [Expression] = []
        var isTuple = false
        while true {
            if current.kind == .variableEnd || current.kind == .blockEnd || isSymbol(")") { break }
            if let end, isName(end) { break }
            items.append(try parseExpression(hasConditional: hasConditional))
            guard skipSymbol(",") else { break }
            isTuple = true
        }
        if isTuple { return .tuple(items) }
        if let item = items.first { return item }
        guard isBracketed else { throw fail("expected an expression, got \(current.description)") }
        return .tuple([])
    }

    private mutating func parsePostfix(_ start: Expression) throws -> Expression {
        try parseChain({ _ in start }) { parser, node in
            let line = parser.current.line
            if parser.skipSymbol(".") { return try parser.parseAttribute(node, line) }
            if parser.skipSymbol("[") { return try parser.parseSubscript(node, line) }
            return parser.isSymbol("(") ? .call(node, try parser.parseArguments(), line: line) : nil
        }
    }

    private mutating func parseAttribute(_ node: Expression, _ line: Int) throws -> Expression {
        if current.kind == .name { return .attribute(node, advance().text, line: line) }
        guard current.kind == .integer else { throw fail("expected a name or number after '.'") }
        return .item(node, .literal(.int(Int(advance().text) ?? 0)), line: line)
    }

    private mutating func parseSubscript(_ node: Expression, _ line: Int) throws -> Expression {
        let lower = isSymbol(":") ? nil : try parseExpression()
        if !isSymbol(":"), let lower {
            guard skipSymbol(",") else {
                try expectSymbol("]")
                return .item(node, lower, line: line)
            }
            var keys = [lower]
            while !isSymbol("]") {
                keys.append(try parseExpression())
                if !skipSymbol(",") { break }
            }
            try expectSymbol("]")
            return .item(node, .tuple(keys), line: line)
        }
        try expectSymbol(":")
        let upper = isSymbol(":") || isSymbol("]") ? nil : try parseExpression()
        var step: Expression?
        if skipSymbol(":"), !isSymbol("]") { step = try parseExpression() }
        try expectSymbol("]")
        return .slice(node, lower: lower, upper: upper, step: step, line: line)
    }

    private mutating func parseFilterExpression(_ start: Expression) throws -> Expression {
        try parseChain({ _ in start }) { parser, node in
            if parser.isSymbol("|") { return try parser.parseFilters(node, isOpen: false) }
            if parser.skipName("is") { return try parser.parseTest(node) }
            let line = parser.current.line
            return parser.isSymbol("(") ? .call(node, try parser.parseArguments(), line: line) : nil
        }
    }

    /// Filters in a row.
    ///
    /// - Parameter isOpen: whether the first one's `|` is left out, as in a filter block.
    mutating func parseFilters(_ start: Expression?, isOpen: Bool) throws -> Expression {
        var node = start
        var isOpen = isOpen
        var count = 0
        while isOpen || isSymbol("|") {
            count += 1
            try checkChain(count)
            if !isOpen { advance() }
            isOpen = false
            let line = current.line
            let name = try parseDottedName()
            let arguments = isSymbol("(") ? try parseArguments() : CallArguments()
            node = .filter(node, name, arguments, line: line)
        }
        guard let node else { throw fail("expected a filter, got \(current.description)") }
        return node
    }

    private mutating func parseDottedName() throws -> String {
        var name = try expectName()
        while skipSymbol(".") { name += "." + (try expectName()) }
        return name
    }

    private mutating func parseTest(_ node: Expression) throws -> Expression {
        let isNegated = skipName("not")
        let line = current.line
        let name = try parseDottedName()
        var arguments = CallArguments()
        if isSymbol("(") {
            arguments = try parseArguments()
        } else if startsTestArgument {
            if isName("is") { throw fail("tests cannot be chained with 'is'") }
            arguments.positional = [try parsePostfix(try parsePrimary())]
        }
        let test = Expression.test(node, name, arguments, line: line)
        return isNegated ? .not(test) : test
    }

    private var startsTestArgument: Bool {
        switch current.kind {
        case .name: !["else", "or", "and"].contains(current.text)
        case .string, .integer, .float: true
        case .symbol: ["[", "{"].contains(current.text)
        default: false
        }
    }

    mutating func parseArguments() throws -> CallArguments {
        try nested { try $0.parseArgumentList() }
    }

    private mutating func parseArgumentList() throws -> CallArguments {
        let line = current.line
        try expectSymbol("(")
        var arguments = CallArguments()
        var isFirst = true
        while !isSymbol(")") {
            if !isFirst {
                try expectSymbol(",")
                if isSymbol(")") { break }
            }
            isFirst = false
            let isPlain = arguments.moreNamed == nil
            if isSymbol("*"), isPlain, arguments.more == nil {
                advance()
                arguments.more = try parseExpression()
            } else if isSymbol("**"), isPlain {
                advance()
                arguments.moreNamed = try parseExpression()
            } else if isPlain, current.kind == .name, next.kind == .symbol, next.text == "=" {
                let name = advance().text
                advance()
                arguments.named.append(CallArguments.Named(name: name, value: try parseExpression()))
            } else if isPlain, arguments.more == nil, arguments.named.isEmpty {
                arguments.positional.append(try parseExpression())
            } else {
                throw fail("the arguments of a call are in a wrong order", line: line)
            }
        }
        try expectSymbol(")")
        return arguments
    }
}
