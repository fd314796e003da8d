extension Renderer {
    /// Whether a loop goes on after a statement.
    enum Flow { case normal, leave, next }

    func run(_ body: [Statement], _ scope: Scope) throws -> Flow {
        try enter()
        defer { leave() }
        for statement in body {
            try step()
            let flow = try run(statement, scope)
            if flow != .normal { return flow }
        }
        return .normal
    }

    private func run(_ statement: Statement, _ scope: Scope) throws -> Flow {
        switch statement {
        case .text(let text): try write(text)
        case .output(let expression, let line):
            self.line = line
            try write(text(of: evaluate(expression, scope)))
        case .condition(let branches, let otherwise):
            return try runCondition(branches, otherwise, scope)
        case .loop(let loop): return try run(loop, scope)
        case .leave: return .leave
        case .next: return .next
        default: return try runBlock(statement, scope)
        }
        return .normal
    }

    private func runCondition(
        _ branches: [Statement.Branch], _ otherwise: [Statement], _ scope: Scope
    ) throws -> Flow {
        for branch in branches {
            line = branch.line
            if try evaluate(branch.test, scope).isTruthy { return try run(branch.body, scope) }
        }
        return try run(otherwise, scope)
    }

    private func runBlock(_ statement: Statement, _ scope: Scope) throws -> Flow {
        switch statement {
        case .set(let target, let expression, let line):
            self.line = line
            try assign(try evaluate(expression, scope), to: target, scope)
        case .setBlock(let target, let filter, let body, let line):
            var flow = Flow.normal
            let written = try collect { flow = try run(body, Scope(scope)) }
            guard flow == .normal else { return flow }
            self.line = line
            var value = Value.string(written)
            if let filter { value = try applyFilter(filter, to: value, scope) }
            try assign(value, to: target, scope)
        case .macro(let definition, let line):
            self.line = line
            try keep(scope)
            scope.names[definition.name] = .object(Macro(definition, scope))
        case .call(let expression, let definition, let line):
            self.line = line
            try keep(scope)
            guard case .call(let callee, let arguments, let callLine) = expression else { return .normal }
            var values = try evaluate(arguments, scope)
            values.named.append(("caller", .object(Macro(definition, scope))))
            self.line = callLine
            try write(text(of: call(try evaluate(callee, scope), values)))
        case .filter(let filter, let body, let line):
            var flow = Flow.normal
            let written = try collect { flow = try run(body, Scope(scope)) }
            guard flow == .normal else { return flow }
            self.line = line
            try write(text(of: applyFilter(filter, to: .string(written), scope)))
        case .with(let bindings, let body, let line):
            self.line = line
            let inner = Scope(scope)
            for binding in bindings { try assign(try evaluate(binding.value, scope), to: binding.target, inner) }
            return try run(body, inner)
        case .generation(let body, let line):
            self.line = line
            let start = numWrittenBytes
            let written = try collect { _ = try run(body, Scope(scope)) }
            generationRanges.append(start..<start + written.utf8.count)
            try write(written)
        case .block(let body):
            return try run(body, Scope(scope))
        default: break
        }
        return .normal
    }

    func assign(_ value: Value, to target: Target, _ scope: Scope) throws {
        switch target {
        case .name(let name): scope.names[name] = value
        case .attribute(let namespace, let name):
            guard case .object(let object)? = scope.find(namespace), let owner = object as? Namespace else {
                throw JinjaError("cannot set \(namespace).\(name): \(namespace) is no namespace")
            }
            owner.set(name, value)
        case .tuple(let targets):
            let items = try iterate(value)
            guard items.count == targets.count else {
                throw JinjaError("\(items.count) values cannot be given to \(targets.count) names")
            }
            for (item, target) in zip(items, targets) { try assign(item, to: target, scope) }
        }
    }

    private func run(_ loop: ForLoop, _ scope: Scope) throws -> Flow {
        line = loop.line
        let items = try iterate(try evaluate(loop.items, scope))
        try run(loop, over: items, depth: 0, scope)
        return .normal
    }

    /// Runs a loop's body for every item, or its `else` when there are none.
    func run(_ loop: ForLoop, over items: [Value], depth: Int, _ scope: Scope) throws {
        var filter: ((Value) throws -> Bool)?
        if let condition = loop.condition {
            filter = { [unowned self] item in
                let inner = Scope(scope)
                try assign(item, to: loop.target, inner)
                return try evaluate(condition, inner).isTruthy
            }
        }
        let context = LoopContext(loop, items, filter: filter, depth: depth, scope)
        // As in Jinja, an item that ends with `break` or `continue` does not count.
        var runsElse = true
        while let item = try context.advance() {
            try step()
            let inner = Scope(scope, ["loop": .object(context)])
            try assign(item, to: loop.target, inner)
            let flow = try run(loop.body, inner)
            if flow == .leave { break }
            if flow == .normal { runsElse = false }
        }
        if runsElse { _ = try run(loop.otherwise, Scope(scope)) }
    }
}
