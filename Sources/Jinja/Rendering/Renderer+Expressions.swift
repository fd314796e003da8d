extension Renderer {
    func evaluate(_ expression: Expression, _ scope: Scope) throws -> Value {
        try enter()
        defer { leave() }
        try step()
        switch expression {
        case .literal(let literal): return value(of: literal)
        case .name(let name, let line): return scope.find(name) ?? undefinedName(name, line)
        case .attribute(let owner, let name, let line):
            let owner = try evaluate(owner, scope)
            self.line = line
            return try attribute(name, of: owner)
        case .item(let owner, let key, let line):
            let owner = try evaluate(owner, scope)
            let key = try evaluate(key, scope)
            self.line = line
            return try item(key, of: owner)
        case .not(let value): return .bool(!(try evaluate(value, scope).isTruthy))
        case .and(let left, let right):
            let value = try evaluate(left, scope)
            return value.isTruthy ? try evaluate(right, scope) : value
        case .or(let left, let right):
            let value = try evaluate(left, scope)
            return value.isTruthy ? value : try evaluate(right, scope)
        case .conditional(let test, let then, let otherwise):
            if try evaluate(test, scope).isTruthy { return try evaluate(then, scope) }
            if let otherwise { return try evaluate(otherwise, scope) }
            return .undefined(
                Undefined("the inline if-expression evaluated to false and no else section was defined."))
        case .binary(let sign, let left, let right, let line):
            let left = try evaluate(left, scope)
            let right = try evaluate(right, scope)
            self.line = line
            return try combine(left, sign, right)
        case .compare(let left, let comparisons, let line): return try compare(left, comparisons, line, scope)
        case .call(let callee, let arguments, let line):
            return try evaluateCall(callee, arguments, line, scope)
        case .filter, .test: return try evaluateFilter(expression, scope)
        default: return try evaluateRest(expression, scope)
        }
    }

    private func value(of literal: Literal) -> Value {
        switch literal {
        case .none: .none
        case .bool(let value): .bool(value)
        case .int(let value): .int(value)
        case .double(let value): .double(value)
        case .string(let value): .string(value)
        }
    }

    private func undefinedName(_ name: String, _ line: Int) -> Value {
        self.line = line
        return .undefined(Undefined(name: name))
    }

    private func evaluateRest(_ expression: Expression, _ scope: Scope) throws -> Value {
        switch expression {
        case .list(let items):
            try allocateItems(items.count)
            return try .list(items.map { try evaluate($0, scope) })
        case .tuple(let items):
            try allocateItems(items.count)
            return try .tuple(items.map { try evaluate($0, scope) })
        case .dict(let pairs):
            try allocateItems(pairs.count * 4)
            return .dict(try Value.Dict(pairs.map { (try evaluate($0.key, scope), try evaluate($0.value, scope)) }))
        case .slice(let owner, let lower, let upper, let step, let line):
            let owner = try evaluate(owner, scope)
            let bounds = try [lower, upper, step].map { try $0.map { try evaluate($0, scope) } }
            self.line = line
            return try slice(owner, lower: bounds[0], upper: bounds[1], step: bounds[2])
        case .negative(let value): return try negate(try evaluate(value, scope))
        case .positive(let value): return try identity(try evaluate(value, scope))
        case .concat(let parts):
            var text = ""
            for part in parts {
                let piece = try self.text(of: try evaluate(part, scope))
                try allocate(piece.utf8.count)
                text += piece
            }
            return .string(text)
        default: throw JinjaError("this expression cannot be evaluated")
        }
    }

    private func compare(
        _ left: Expression, _ comparisons: [Expression.Comparison], _ line: Int, _ scope: Scope
    ) throws -> Value {
        var left = try evaluate(left, scope)
        for comparison in comparisons {
            let right = try evaluate(comparison.right, scope)
            self.line = line
            guard try holds(left, comparison.relation, right) else { return .bool(false) }
            left = right
        }
        return .bool(true)
    }

    // MARK: - Calls

    private func evaluateCall(
        _ callee: Expression, _ arguments: CallArguments, _ line: Int, _ scope: Scope
    ) throws -> Value {
        let function = try evaluate(callee, scope)
        let values = try evaluate(arguments, scope)
        self.line = line
        return try call(function, values)
    }

    func call(_ function: Value, _ arguments: Arguments) throws -> Value {
        switch function {
        case .object(let object) where object.isCallable: return try object.call(arguments, self)
        case .undefined(let undefined): throw undefined.error
        default: throw JinjaError("'\(function.typeName)' object is not callable")
        }
    }

    func evaluate(_ arguments: CallArguments, _ scope: Scope) throws -> Arguments {
        var values = Arguments()
        for argument in arguments.positional { values.positional.append(try evaluate(argument, scope)) }
        for argument in arguments.named { values.named.append((argument.name, try evaluate(argument.value, scope))) }
        if let more = arguments.more { values.positional += try iterate(try evaluate(more, scope)) }
        if let more = arguments.moreNamed {
            guard case .dict(let dict) = try evaluate(more, scope) else {
                throw JinjaError("the value after ** has to be a dictionary")
            }
            for (key, value) in dict.pairs {
                guard let name = key.stringValue else { throw JinjaError("keywords must be strings") }
                guard !values.named.contains(where: { $0.name == name }) else {
                    throw JinjaError("got multiple values for keyword argument '\(name)'")
                }
                values.named.append((name, value))
            }
        }
        return values
    }

    private func evaluateFilter(_ expression: Expression, _ scope: Scope) throws -> Value {
        switch expression {
        case .filter(let input, let name, let arguments, let line):
            guard let input else { throw JinjaError("a filter has nothing to work on") }
            let value = try evaluate(input, scope)
            let values = try evaluate(arguments, scope)
            self.line = line
            return try Filters.apply(name, to: value, values, self)
        case .test(let input, let name, let arguments, let line):
            let value = try evaluate(input, scope)
            let values = try evaluate(arguments, scope)
            self.line = line
            return .bool(try ValueTests.apply(name, to: value, values, self))
        default: throw JinjaError("this expression cannot be evaluated")
        }
    }

    /// Applies the filters of a block to the text it collected.
    func applyFilter(_ expression: Expression, to value: Value, _ scope: Scope) throws -> Value {
        guard case .filter(let inner, let name, let arguments, let line) = expression else { return value }
        try enter()
        defer { leave() }
        let input = try inner.map { try applyFilter($0, to: value, scope) } ?? value
        let values = try evaluate(arguments, scope)
        self.line = line
        return try Filters.apply(name, to: input, values, self)
    }
}
