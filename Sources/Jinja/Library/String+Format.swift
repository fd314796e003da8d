extension String {
    /// Python's `str.format`.
    func format(_ arguments: Arguments, _ renderer: Renderer) throws -> String {
        var numbering = Numbering()
        return try format(arguments, renderer, &numbering, depth: 2)
    }

    private struct Numbering {
        var next = 0
    }

    private func format(
        _ arguments: Arguments, _ renderer: Renderer, _ numbering: inout Numbering, depth: Int
    ) throws -> String {
        guard depth > 0 else { throw JinjaError("Max string recursion exceeded") }
        var output = ""
        let scalars = Array(unicodeScalars)
        var index = 0
        while index < scalars.count {
            let scalar = scalars[index]
            let isDouble = index + 1 < scalars.count && scalars[index + 1] == scalar
            if scalar == "}" || (scalar == "{" && isDouble) {
                guard isDouble else { throw JinjaError("Single '}' encountered in format string") }
                output.unicodeScalars.append(scalar)
                index += 2
                continue
            }
            guard scalar == "{" else {
                output.unicodeScalars.append(scalar)
                index += 1
                continue
            }
            var end = index + 1
            var open = 1
            while end < scalars.count {
                if scalars[end] == "{" { open += 1 }
                if scalars[end] == "}" {
                    open -= 1
                    if open == 0 { break }
                }
                end += 1
            }
            guard end < scalars.count else { throw JinjaError("expected '}' before end of string") }
            let field = String(scalars[index + 1..<end])
            let piece = try Self.format(field: field, arguments, renderer, &numbering, depth: depth)
            try renderer.allocate(piece.utf8.count)
            output += piece
            index = end + 1
        }
        return output
    }

    private static func format(
        field: String, _ arguments: Arguments, _ renderer: Renderer, _ numbering: inout Numbering, depth: Int
    ) throws -> String {
        var spec = ""
        var name = field
        if let colon = field.firstIndex(of: ":") {
            spec = String(field[field.index(after: colon)...])
            name = String(field[..<colon])
        }
        var conversion: Substring?
        if let mark = name.lastIndex(of: "!") {
            conversion = name[name.index(after: mark)...]
            name = String(name[..<mark])
        }
        var value = try find(name, arguments, renderer, &numbering)
        switch conversion {
        case nil: break
        case "r"?, "a"?: value = .string(try renderer.literal(value))
        case "s"?: value = .string(try renderer.text(of: value))
        default: throw JinjaError("Unknown conversion specifier '\(conversion ?? "")'")
        }
        if spec.contains("{") { spec = try spec.format(arguments, renderer, &numbering, depth: depth - 1) }
        return try FormatSpec(spec).apply(to: value, renderer)
    }

    /// The value of `0`, `name`, `name.attribute` or `name[key]`.
    private static func find(
        _ field: String, _ arguments: Arguments, _ renderer: Renderer, _ numbering: inout Numbering
    ) throws -> Value {
        let head = field.prefix { $0 != "." && $0 != "[" }
        var value: Value
        if head.isEmpty || Int(head) != nil {
            let place = Int(head) ?? numbering.next
            if head.isEmpty { numbering.next += 1 }
            guard arguments.positional.indices.contains(place) else {
                throw JinjaError("Replacement index \(place) out of range for positional args tuple")
            }
            value = arguments.positional[place]
        } else {
            guard let named = arguments.named.first(where: { $0.name == head }) else {
                throw JinjaError("the format needs a value named '\(head.prefix(80))'")
            }
            value = named.value
        }
        var rest = field.dropFirst(head.count)
        while let first = rest.popFirst() {
            if first == "." {
                let name = rest.prefix { $0 != "." && $0 != "[" }
                value = try renderer.attribute(String(name), of: value)
                rest = rest.dropFirst(name.count)
            } else {
                let key = rest.prefix { $0 != "]" }
                value = try renderer.item(Int(key).map(Value.int) ?? .string(String(key)), of: value)
                rest = rest.dropFirst(key.count + 1)
            }
        }
        return value
    }

    /// Python's `text % values`.
    func printf(_ values: Value, _ renderer: Renderer) throws -> String {
        var waiting: [Value] = [values]
        if case .sequence(let tuple) = values, tuple.kind == .tuple { waiting = tuple.items }
        var numUsed = 0
        var usesNames = false
        func next() throws -> Value {
            guard numUsed < waiting.count else { throw JinjaError("not enough arguments for format string") }
            numUsed += 1
            return waiting[numUsed - 1]
        }
        var output = ""
        var rest = Array(self)[...]
        while let character = rest.popFirst() {
            guard character == "%" else {
                output.append(character)
                continue
            }
            if rest.first == "%" {
                rest.removeFirst()
                output += "%"
                continue
            }
            var named: Value?
            if rest.first == "(" {
                let name = rest.dropFirst().prefix { $0 != ")" }
                rest = rest.dropFirst(name.count + 2)
                guard case .dict(let dict) = values else { throw JinjaError("format requires a mapping") }
                guard let value = dict[String(name)] else { throw JinjaError("KeyError: '\(String(name).prefix(80))'") }
                named = value
                usesNames = true
            }
            var spec = FormatSpec()
            var isZeroed = false
            while let flag = rest.first, "-+ #0".contains(flag) {
                rest.removeFirst()
                switch flag {
                case "-": spec.alignment = "<"
                case "+": spec.sign = "+"
                case " ": if spec.sign != "+" { spec.sign = " " }
                case "#": spec.isAlternate = true
                default: isZeroed = true
                }
            }
            func number() throws -> Int? {
                guard rest.first == "*" else { return try FormatSpec.number(&rest) }
                rest.removeFirst()
                let value = try Value?.some(next()).int("*")
                guard value.magnitude <= 1_000_000 else { throw JinjaError(.limit, "a width is too large") }
                return value
            }
            spec.width = try number() ?? 0
            if spec.width < 0 {
                spec.alignment = "<"
                spec.width = -spec.width
            }
            if rest.first == "." {
                rest.removeFirst()
                spec.precision = try max(0, number() ?? 0)
            }
            guard let letter = rest.popFirst() else { throw JinjaError("incomplete format") }
            let value = try named ?? next()
            let piece = try spec.printf(letter, value, isZeroed: isZeroed, renderer)
            try renderer.allocate(piece.utf8.count)
            output += piece
        }
        let isMapping: Bool = if case .dict = values { true } else { false }
        guard numUsed == waiting.count || usesNames || isMapping else {
            throw JinjaError("not all arguments converted during string formatting")
        }
        return output
    }
}

extension FormatSpec {
    /// One value as `%` and `letter` write it.
    fileprivate func printf(
        _ letter: Character, _ value: Value, isZeroed: Bool, _ renderer: Renderer
    ) throws -> String {
        var spec = self
        switch letter {
        case "s", "r", "a":
            let text = letter == "s" ? try renderer.text(of: value) : try renderer.literal(value)
            spec.alignment = alignment ?? ">"
            return try spec.apply(to: .string(text), renderer)
        case "c":
            spec.alignment = alignment ?? ">"
            if case .string = value { return try spec.apply(to: value, renderer) }
        case "d", "i", "u", "x", "X", "o":
            guard value.doubleValue != nil, letter.isLetter else {
                throw JinjaError("%\(letter) format: a real number is required, not \(value.typeName)")
            }
        case "f", "F", "e", "E", "g", "G":
            guard value.doubleValue != nil else { throw JinjaError("must be real number, not \(value.typeName)") }
        default: throw JinjaError("unsupported format character '\(letter)'")
        }
        if isZeroed, alignment == nil {
            spec.fill = "0"
            spec.alignment = "="
        }
        spec.type = letter
        if "diuxXo".contains(letter) {
            guard case .double(let number) = value else {
                return try spec.apply(to: .int(value.intValue ?? 0), renderer)
            }
            guard let whole = Int(exactly: number.rounded(.towardZero)), "diu".contains(letter) else {
                throw JinjaError("%\(letter) format: an integer is required, not float")
            }
            return try spec.apply(to: .int(whole), renderer)
        }
        if letter == "c" { return try spec.apply(to: value, renderer) }
        return try spec.apply(to: .double(value.doubleValue ?? 0), renderer)
    }
}
