extension Filters {
    /// Filters that work on text.
    static var texts: [String: Body] {
        var table: [String: Body] = [:]
        let plain: [(String, (String) -> String)] = [
            ("upper", { $0.pythonUppercased }), ("lower", { $0.pythonLowercased }),
            ("capitalize", { $0.pythonCapitalized }), ("title", titled), ("escape", escaped), ("e", escaped),
            ("forceescape", escaped), ("striptags", withoutTags),
        ]
        for (name, change) in plain {
            table[name] = { value, arguments, renderer in
                _ = try arguments.bind(function: name)
                let text = try renderer.text(of: value)
                try renderer.allocate(text.utf8.count * 6)
                return .string(change(text))
            }
        }
        table["trim"] = { value, arguments, renderer in
            let characters = try arguments.bind("chars", function: "trim")[0].some
            return .string(
                try renderer.text(of: value).stripped(characters.map { try Value?.some($0).text("chars") }))
        }
        table["replace"] = { value, arguments, renderer in
            let bound = try arguments.bind("old", "new", "count", function: "replace")
            guard let old = bound[0], let new = bound[1] else { throw JinjaError("replace() needs two texts") }
            return .string(
                try TextMethods(try renderer.text(of: value), renderer).replace(
                    renderer.text(of: old), renderer.text(of: new), count: bound[2].some.int("count", default: -1)))
        }
        table["center"] = { value, arguments, renderer in
            let width = try arguments.bind("width", function: "center")[0].int("width", default: 80)
            return .string(try renderer.text(of: value).padded(to: width, with: " ", .center, renderer))
        }
        table["format"] = { value, arguments, renderer in
            let values: Value
            if arguments.named.isEmpty {
                values = try .tuple(arguments.positional)
            } else {
                guard arguments.positional.isEmpty else {
                    throw JinjaError("can't handle positional and keyword arguments at the same time")
                }
                values = .dict(try Value.Dict(arguments.named.map { (.string($0.name), $0.value) }))
            }
            return .string(try renderer.text(of: value).printf(values, renderer))
        }
        table["indent"] = { value, arguments, renderer in .string(try indented(value, arguments, renderer)) }
        table["truncate"] = { value, arguments, renderer in .string(try truncated(value, arguments, renderer)) }
        table["wordcount"] = { value, _, renderer in
            let text = try renderer.text(of: value)
            try renderer.look(at: text.utf8.count)
            return .int(text.unicodeScalars.split { !$0.isWordCharacter }.count)
        }
        table["urlencode"] = { value, _, renderer in .string(try urlEncoded(value, renderer)) }
        return table
    }

    /// Capitals after blanks, hyphens and brackets.
    private static func titled(_ text: String) -> String {
        var output = ""
        var isStart = true
        for scalar in text.unicodeScalars {
            let breaks = scalar.isPythonSpace || "-({[<".unicodeScalars.contains(scalar)
            output += isStart && !breaks ? scalar.properties.uppercaseMapping : scalar.properties.lowercaseMapping
            isStart = breaks
        }
        return output
    }

    private static func escaped(_ text: String) -> String {
        var output = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": output += "&amp;"
            case "<": output += "&lt;"
            case ">": output += "&gt;"
            case "'": output += "&#39;"
            case "\"": output += "&#34;"
            default: output.unicodeScalars.append(scalar)
            }
        }
        return output
    }

    /// Without comments and tags, blanks in a row made one.
    private static func withoutTags(_ text: String) -> String {
        func without(_ open: String, _ close: String, _ bytes: TextBytes) -> TextBytes {
            var output: [UInt8] = []
            var start = 0
            while let begin = bytes.find(TextBytes(open), from: start),
                let end = bytes.find(TextBytes(close), from: begin + open.utf8.count)
            {
                output += bytes.bytes[start..<begin]
                start = end + close.utf8.count
            }
            output += bytes.bytes[min(start, bytes.count)...]
            return TextBytes(String(decoding: output, as: UTF8.self))
        }
        let bare = without("<", ">", without("<!--", "-->", TextBytes(text)))
        let plain = bare.text(0..<bare.count)
            .replacingEntities([
                ("&lt;", "<"), ("&gt;", ">"), ("&#39;", "'"), ("&#34;", "\""), ("&quot;", "\""), ("&amp;", "&"),
            ])
        return plain.words(limit: .max, fromRight: false).joined(separator: " ")
    }

    private static func indented(_ value: Value, _ arguments: Arguments, _ renderer: Renderer) throws -> String {
        let bound = try arguments.bind("width", "first", "blank", function: "indent")
        let text = try renderer.text(of: value)
        let indent: String
        if let own = bound[0]?.stringValue {
            indent = own
        } else {
            let width = max(0, try bound[0].int("width", default: 4))
            try renderer.allocate(width)
            indent = String(repeating: " ", count: width)
        }
        // Jinja adds a line break first, so that a last empty line counts.
        let lines = (text + "\n").lines()
        try renderer.allocateCopies(lines.count + 1, of: indent.utf8.count + 1)
        try renderer.allocate(text.utf8.count)
        let indentsBlank = bound[2].flag()
        let head = bound[1].flag() ? indent : ""
        return head
            + lines.enumerated().map { index, line in
                index == 0 || (line.isEmpty && !indentsBlank) ? line : indent + line
            }.joined(separator: "\n")
    }

    private static func truncated(_ value: Value, _ arguments: Arguments, _ renderer: Renderer) throws -> String {
        let bound = try arguments.bind("length", "killwords", "end", "leeway", function: "truncate")
        let text = try renderer.text(of: value)
        let (length, leeway) = (try bound[0].int("length", default: 255), try bound[3].some.int("leeway", default: 5))
        let end = try bound[2].text("end", default: "...")
        let scalars = Array(text.unicodeScalars)
        guard length >= end.numCodePoints, leeway >= 0 else {
            throw JinjaError("truncate: expected length >= \(end.numCodePoints) and leeway >= 0")
        }
        if scalars.count <= length + leeway { return text }
        let kept = scalars[..<min(scalars.count, length - end.numCodePoints)]
        if bound[1].flag() { return String(kept) + end }
        let cut = kept.lastIndex(of: " ").map { kept[..<$0] } ?? kept
        return String(cut) + end
    }

    private static func urlEncoded(_ value: Value, _ renderer: Renderer) throws -> String {
        func quoted(_ value: Value, forQuery: Bool) throws -> String {
            let text = try renderer.text(of: value)
            try renderer.allocate(text.utf8.count * 3)
            return text.utf8.map { byte -> String in
                let scalar = Unicode.Scalar(byte)
                let isPlain =
                    byte < 0x80 && (scalar.isASCIIDigit || scalar.properties.isAlphabetic)
                    || "_.-~".unicodeScalars.contains(scalar) || (byte == 0x2F && !forQuery)
                if isPlain { return String(Character(scalar)) }
                if byte == 0x20, forQuery { return "+" }
                return "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }.joined()
        }
        let pairs: [(Value, Value)]
        switch value {
        case .dict(let dict): pairs = Array(dict.pairs)
        case .sequence:
            pairs = try renderer.iterate(value).map { item in
                let pair = try renderer.iterate(item)
                guard pair.count == 2 else { throw JinjaError("urlencode needs pairs") }
                return (pair[0], pair[1])
            }
        default: return try quoted(value, forQuery: false)
        }
        return try pairs.map { try quoted($0, forQuery: true) + "=" + quoted($1, forQuery: true) }.joined(
            separator: "&")
    }
}

extension String {
    fileprivate func replacingEntities(_ entities: [(String, String)]) -> String {
        entities.reduce(self) { text, entity in
            let bytes = TextBytes(text)
            let needle = TextBytes(entity.0)
            var output: [UInt8] = []
            var start = 0
            for place in bytes.findAll(needle) {
                output += bytes.bytes[start..<place]
                output += entity.1.utf8
                start = place + needle.count
            }
            return String(decoding: output + bytes.bytes[start...], as: UTF8.self)
        }
    }
}
