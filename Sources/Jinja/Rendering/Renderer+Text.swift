import JSON

extension Renderer {
    /// Python's `str()`.
    func text(of value: Value) throws -> String {
        if case .string(let text) = value { return text }
        if case .undefined = value { return "" }
        var output = ""
        try writeLiteral(value, &output)
        return output
    }

    /// Python's `repr()`.
    func literal(_ value: Value) throws -> String {
        var output = ""
        try writeLiteral(value, &output)
        return output
    }

    private func writeLiteral(_ value: Value, _ output: inout String) throws {
        try step()
        switch value {
        case .undefined: output += "Undefined"
        case .none: output += "None"
        case .bool(let flag): output += flag ? "True" : "False"
        case .int(let number): output += String(number)
        case .largeInt(let digits): output += digits
        case .double(let number): output += number.pythonText
        case .string(let text):
            try allocate(text.utf8.count)
            output += text.pythonLiteral
        case .sequence(let sequence): try writeLiteral(sequence, &output)
        case .dict(let dict):
            try allocate(2 + 4 * dict.count)
            output += "{"
            for (index, (key, item)) in dict.pairs.enumerated() {
                if index > 0 { output += ", " }
                try writeLiteral(key, &output)
                output += ": "
                try writeLiteral(item, &output)
            }
            output += "}"
        case .range(let range):
            output += "range(\(range.start), \(range.stop)\(range.step == 1 ? "" : ", \(range.step)"))"
        case .object(let object): try writeLiteral(object, &output)
        }
    }

    private func writeLiteral(_ sequence: Value.Sequence, _ output: inout String) throws {
        let (open, close) =
            switch sequence.kind {
            case .list: ("[", "]")
            case .tuple: ("(", sequence.items.count == 1 ? ",)" : ")")
            case .generator: ("<generator object", ">")
            default: ("\(sequence.kind.rawValue)([", "])")
            }
        try allocate(4 + 2 * sequence.items.count)
        output += open
        if sequence.kind != .generator {
            for (index, item) in sequence.items.enumerated() {
                if index > 0 { output += ", " }
                try writeLiteral(item, &output)
            }
        }
        output += close
    }

    private func writeLiteral(_ object: any Value.Object, _ output: inout String) throws {
        switch object {
        case let macro as Macro: output += "<Macro '\(macro.definition.name)'>"
        case let loop as LoopContext:
            let index = try loop.attribute("index", self)?.intValue ?? 0
            output += "<LoopContext \(index)/\(try length(of: .object(loop)))>"
        case let namespace as Namespace:
            // A namespace may hold itself.
            try enter()
            defer { leave() }
            let pairs = namespace.names.map { (Value.string($0), namespace.attributes[$0] ?? .none) }
            output += "<Namespace "
            try writeLiteral(.dict(Value.Dict(trusted: pairs)), &output)
            output += ">"
        default: output += "<\(object.typeName)>"
        }
    }
}

extension String {
    /// Python's `repr()` of a text.
    var pythonLiteral: String {
        let quote: Unicode.Scalar = unicodeScalars.contains("'") && !unicodeScalars.contains("\"") ? "\"" : "'"
        var output = String.UnicodeScalarView()
        output.append(quote)
        for scalar in unicodeScalars {
            switch scalar {
            case "\\": output.append(contentsOf: "\\\\".unicodeScalars)
            case quote: output.append(contentsOf: ["\\", quote])
            case "\n": output.append(contentsOf: "\\n".unicodeScalars)
            case "\r": output.append(contentsOf: "\\r".unicodeScalars)
            case "\t": output.append(contentsOf: "\\t".unicodeScalars)
            default:
                if scalar.isPythonPrintable {
                    output.append(scalar)
                } else {
                    let (mark, width) = scalar.value < 0x100 ? ("x", 2) : scalar.value < 0x10000 ? ("u", 4) : ("U", 8)
                    let digits = String(scalar.value, radix: 16)
                    output.append(
                        contentsOf: ("\\" + mark + String(repeating: "0", count: width - digits.count) + digits)
                            .unicodeScalars)
                }
            }
        }
        output.append(quote)
        return String(output)
    }
}
