extension TemplateParser {
    mutating func parseStatement(
        inside block: (name: String, line: Int)?, _ ends: Set<String>
    ) throws -> [Statement] {
        let (tag, line) = (current.text, current.line)
        advance()
        switch tag {
        case "for": return [try parseFor(line)]
        case "if": return [try parseIf(line)]
        case "set": return [try parseSet(line)]
        case "macro": return [.macro(try parseMacro(line), line: line)]
        case "call": return [try parseCallBlock(line)]
        case "with": return [try parseWith(line)]
        case "print": return try parsePrint(line)
        case "filter":
            let filter = try parseFilters(nil, isOpen: true)
            return [.filter(filter, body: try parseBlock(tag, line), line: line)]
        case "generation":
            return [.generation(body: try parseFunctionBody { try $0.parseBlock(tag, line) }.body, line: line)]
        case "block":
            _ = try expectName()
            while skipName("scoped") || skipName("required") {}
            let body = try parseFunctionBody { try $0.parseBlock(tag, line) }.body
            if current.kind == .name { advance() }
            return [.block(body: body)]
        case "break", "continue":
            guard numLoops > 0 else { throw fail("{% \(tag) %} outside of a loop", line: line) }
            return [tag == "break" ? .leave(line: line) : .next(line: line)]
        case "include", "import", "from", "extends":
            throw fail("{% \(tag) %} is refused: a chat template stands alone", line: line)
        case "autoescape":
            throw fail("{% autoescape %} is not supported: chat templates write plain text", line: line)
        default:
            var message = "unknown tag {% \(tag) %}"
            if let block {
                message +=
                    "; \(ends.sorted().map { "{% \($0) %}" }.joined(separator: " or ")) of {% \(block.name) %} in line "
                    + "\(block.line) is still open"
            }
            throw fail(message, line: line)
        }
    }

    private mutating func parseFor(_ line: Int) throws -> Statement {
        let target = try parseTarget(endsAtIn: true)
        if case .name("loop") = target { throw fail("a loop's variable cannot be named loop") }
        try expectWord("in")
        let items = try parseTuple(hasConditional: false, end: "recursive")
        let condition = skipName("if") ? try parseExpression() : nil
        let isRecursive = skipName("recursive")
        numLoops += 1
        let body = try parseBlock("for", line, until: ["endfor", "else"])
        numLoops -= 1
        let otherwise: [Statement] = advance().text == "else" ? try parseBlock("for", line) : []
        return .loop(
            ForLoop(
                target: target, items: items, condition: condition, isRecursive: isRecursive, body: body,
                otherwise: otherwise, line: line))
    }

    private mutating func parseIf(_ line: Int) throws -> Statement {
        var branches: [Statement.Branch] = []
        while true {
            let testLine = current.line
            let test = try parseTuple(hasConditional: false)
            let body = try parseBlock("if", line, until: ["elif", "else", "endif"])
            branches.append(Statement.Branch(test: test, body: body, line: testLine))
            switch advance().text {
            case "elif": continue
            case "else": return .condition(branches, otherwise: try parseBlock("if", line))
            default: return .condition(branches, otherwise: [])
            }
        }
    }

    private mutating func parseSet(_ line: Int) throws -> Statement {
        let target = try parseTarget(endsAtIn: false, allowsAttribute: true)
        if skipSymbol("=") { return .set(target, try parseTuple(), line: line) }
        let filter = isSymbol("|") ? try parseFilters(nil, isOpen: false) : nil
        return .setBlock(target, filter: filter, body: try parseBlock("set", line), line: line)
    }

    private mutating func parseMacro(_ line: Int) throws -> MacroDefinition {
        let name = try expectName()
        let parameters = try parseParameters()
        let (body, names) = try parseFunctionBody { try $0.parseBlock("macro", line) }
        return MacroDefinition(name: name, parameters: parameters, body: body, names: names)
    }

    private mutating func parseCallBlock(_ line: Int) throws -> Statement {
        let parameters = isSymbol("(") ? try parseParameters() : []
        let call = try parseExpression()
        guard case .call = call else { throw fail("{% call %} needs the call of a macro", line: line) }
        let (body, names) = try parseFunctionBody { try $0.parseBlock("call", line) }
        return .call(
            call, MacroDefinition(name: "caller", parameters: parameters, body: body, names: names), line: line)
    }

    private mutating func parseWith(_ line: Int) throws -> Statement {
        var bindings: [Statement.Binding] = []
        while current.kind != .blockEnd {
            if !bindings.isEmpty { try expectSymbol(",") }
            let target = try parseTarget(endsAtIn: false)
            try expectSymbol("=")
            bindings.append(Statement.Binding(target: target, value: try parseExpression()))
        }
        return .with(bindings, body: try parseBlock("with", line), line: line)
    }

    private mutating func parsePrint(_ line: Int) throws -> [Statement] {
        var outputs: [Statement] = []
        while current.kind != .blockEnd {
            if !outputs.isEmpty { try expectSymbol(",") }
            outputs.append(.output(try parseExpression(), line: line))
        }
        return outputs
    }

    private mutating func parseParameters() throws -> [MacroDefinition.Parameter] {
        try expectSymbol("(")
        var parameters: [MacroDefinition.Parameter] = []
        while !isSymbol(")") {
            if !parameters.isEmpty { try expectSymbol(",") }
            let name = try expectName()
            let value = skipSymbol("=") ? try parseExpression() : nil
            if value == nil, parameters.last?.defaultValue != nil {
                throw fail("a parameter without a default follows one with a default")
            }
            parameters.append(MacroDefinition.Parameter(name: name, defaultValue: value))
        }
        try expectSymbol(")")
        return parameters
    }

    /// Reads a body that is a function of its own: loops around it cannot be left from within.
    private mutating func parseFunctionBody(
        _ read: (inout Self) throws -> [Statement]
    ) throws -> (body: [Statement], names: Set<String>) {
        let (outerNames, outerLoops) = (usedNames, numLoops)
        usedNames = []
        numLoops = 0
        let body = try read(&self)
        let names = usedNames
        usedNames = outerNames.union(names)
        numLoops = outerLoops
        return (body, names)
    }

    /// A name, several with commas, or (for `set`) an attribute of a namespace.
    private mutating func parseTarget(endsAtIn: Bool, allowsAttribute: Bool = false) throws -> Target {
        var targets: [Target] = []
        var isTuple = false
        while true {
            if isSymbol(")") || isSymbol("=") || current.kind == .blockEnd || (endsAtIn && isName("in")) { break }
            targets.append(try parseOneTarget(allowsAttribute: allowsAttribute))
            guard skipSymbol(",") else { break }
            isTuple = true
        }
        if isTuple { return .tuple(targets) }
        guard let target = targets.first else { throw fail("expected a name, got \(current.description)") }
        return target
    }

    private mutating func parseOneTarget(allowsAttribute: Bool) throws -> Target {
        if skipSymbol("(") {
            let inner = try nested { try $0.parseTarget(endsAtIn: false, allowsAttribute: allowsAttribute) }
            try expectSymbol(")")
            return inner
        }
        let name = try expectName()
        if ["true", "false", "none", "True", "False", "None"].contains(name) {
            throw fail("a value cannot be given to \(name)")
        }
        if allowsAttribute, skipSymbol(".") { return .attribute(namespace: name, try expectName()) }
        return .name(name)
    }
}
