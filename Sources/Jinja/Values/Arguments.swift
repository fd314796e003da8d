/// The values a function is called with.
struct Arguments {
    var positional: [Value] = []
    var named: [(name: String, value: Value)] = []

    /// The values by parameter, nil where none was given.
    ///
    /// - Throws: when there are too many, an unknown name, or one twice.
    func bind(_ parameters: String..., function: String) throws -> [Value?] {
        guard positional.count <= parameters.count else {
            throw JinjaError(
                "\(function)() takes at most \(parameters.count) arguments, \(positional.count) were given")
        }
        var values: [Value?] = positional + [Value?](repeating: nil, count: parameters.count - positional.count)
        for (name, value) in named {
            guard let place = parameters.firstIndex(of: name) else {
                throw JinjaError("\(function)() has no parameter '\(name)'")
            }
            guard values[place] == nil else { throw JinjaError("\(function)() got '\(name)' twice") }
            values[place] = value
        }
        return values
    }

    /// As `bind`, with a first parameter that has to be there.
    func bindOne(_ name: String, function: String) throws -> Value {
        guard let value = try bind(name, function: function)[0] else {
            throw JinjaError("\(function)() needs an argument")
        }
        return value
    }

    func dropFirst() -> Arguments { Arguments(positional: Array(positional.dropFirst()), named: named) }
}

extension Value? {
    /// The text of an argument.
    func text(_ name: String, default text: String? = nil) throws -> String {
        switch self {
        case .some(.string(let value)): return value
        case nil:
            if let text { return text }
            throw JinjaError("\(name) is missing")
        case .some(.undefined(let undefined)): throw undefined.error
        case .some(let value): throw JinjaError("\(name) has to be a str, not \(value.typeName)")
        }
    }

    /// The whole number of an argument.
    func int(_ name: String, default number: Int? = nil) throws -> Int {
        guard let self else {
            if let number { return number }
            throw JinjaError("\(name) is missing")
        }
        if case .undefined(let undefined) = self { throw undefined.error }
        guard let value = self.intValue else { throw JinjaError("\(name) has to be an int, not \(self.typeName)") }
        return value
    }

    func flag(default value: Bool = false) -> Bool { self?.isTruthy ?? value }

    /// nil for no value and for None.
    var some: Value? {
        if case .some(.none) = self { nil } else { self }
    }
}
