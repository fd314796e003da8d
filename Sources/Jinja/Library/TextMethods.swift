/// The methods of Python's `str`.
struct TextMethods {
    static let names: Set<String> = [
        "capitalize", "casefold", "center", "count", "endswith", "expandtabs", "find", "format", "format_map", "index",
        "isalnum", "isalpha", "isascii", "isdecimal", "isdigit", "isidentifier", "islower", "isnumeric",
        "isprintable", "isspace", "istitle", "isupper", "join", "ljust", "lower", "lstrip", "partition",
        "removeprefix", "removesuffix", "replace", "rfind", "rindex", "rjust", "rpartition", "rsplit", "rstrip",
        "split", "splitlines", "startswith", "strip", "swapcase", "title", "upper", "zfill",
    ]

    let text: String
    let renderer: Renderer

    init(_ text: String, _ renderer: Renderer) {
        self.text = text
        self.renderer = renderer
    }

    func call(_ name: String, _ arguments: Arguments) throws -> Value {
        try renderer.allocate(text.utf8.count)
        if name.hasPrefix("is") {
            _ = try arguments.bind(function: name)
            return .bool(text.isKind(name))
        }
        switch name {
        case "capitalize", "casefold", "lower", "swapcase", "title", "upper":
            _ = try arguments.bind(function: name)
            return .string(changeCase(name))
        case "center", "ljust", "rjust", "zfill", "expandtabs": return .string(try pad(name, arguments))
        case "strip", "lstrip", "rstrip":
            let characters = try arguments.bind("chars", function: name)[0].some.map {
                try Value?.some($0).text("chars")
            }
            return .string(text.stripped(characters, left: name != "rstrip", right: name != "lstrip"))
        case "format": return .string(try text.format(arguments, renderer))
        case "format_map":
            guard case .dict(let dict) = try arguments.bindOne("mapping", function: name) else {
                throw JinjaError("format_map() needs a dictionary")
            }
            return .string(
                try text.format(Arguments(named: dict.pairs.map { (try renderer.text(of: $0), $1) }), renderer))
        case "join": return .string(try join(arguments))
        case "count", "find", "index", "rfind", "rindex", "startswith", "endswith": return try search(name, arguments)
        case "replace":
            let bound = try arguments.bind("old", "new", "count", function: name)
            return .string(
                try replace(bound[0].text("old"), bound[1].text("new"), count: bound[2].int("count", default: -1)))
        default: return try split(name, arguments)
        }
    }

    private func changeCase(_ name: String) -> String {
        switch name {
        case "lower": return text.pythonLowercased
        case "casefold": return text.pythonCasefolded
        case "upper": return text.pythonUppercased
        case "title": return text.pythonTitle
        case "capitalize": return text.pythonCapitalized
        default:
            return text.unicodeScalars.map {
                $0.properties.isUppercase || $0.properties.generalCategory == .titlecaseLetter
                    ? $0.properties.lowercaseMapping : $0.properties.uppercaseMapping
            }.joined()
        }
    }

    private func pad(_ name: String, _ arguments: Arguments) throws -> String {
        if name == "expandtabs" {
            let size = try arguments.bind("tabsize", function: name)[0].int("tabsize", default: 8)
            return try text.expandingTabs(size, renderer)
        }
        if name == "zfill" {
            let width = try arguments.bind("width", function: name)[0].int("width")
            let signed = text.hasPrefix("+") || text.hasPrefix("-")
            let fill = max(0, width - text.numCodePoints)
            try renderer.allocate(fill)
            let sign = signed ? text.prefix(1) : ""
            return sign + String(repeating: "0", count: fill) + text.dropFirst(signed ? 1 : 0)
        }
        let bound = try arguments.bind("width", "fillchar", function: name)
        let fill = try bound[1].text("fillchar", default: " ")
        guard fill.numCodePoints == 1 else { throw JinjaError("the fill character must be exactly one character long") }
        return try text.padded(
            to: bound[0].int("width"), with: fill, name == "ljust" ? .left : name == "rjust" ? .right : .center,
            renderer)
    }

    private func join(_ arguments: Arguments) throws -> String {
        let items = try renderer.iterate(try arguments.bindOne("iterable", function: "join"))
        var output = ""
        for (index, item) in items.enumerated() {
            guard let piece = item.stringValue else {
                throw JinjaError("sequence item \(index): expected str instance, \(item.typeName) found")
            }
            try renderer.allocate(piece.utf8.count + (index > 0 ? text.utf8.count : 0))
            if index > 0 { output += text }
            output += piece
        }
        return output
    }

    func replace(_ old: String, _ new: String, count: Int) throws -> String {
        let bytes = TextBytes(text)
        let limit = count < 0 ? Int.max : count
        guard !old.isEmpty else { return try insert(new, limit: limit) }
        let needle = TextBytes(old)
        let places = bytes.findAll(needle, limit: limit)
        try renderer.allocateCopies(places.count, of: new.utf8.count)
        var output: [UInt8] = []
        var start = 0
        for place in places {
            output += bytes.bytes[start..<place]
            output += new.utf8
            start = place + needle.count
        }
        output += bytes.bytes[start...]
        return String(decoding: output, as: UTF8.self)
    }

    /// Replacing nothing puts the new text between all characters.
    private func insert(_ new: String, limit: Int) throws -> String {
        try renderer.allocateCopies(min(limit, text.numCodePoints + 1), of: new.utf8.count)
        var output = ""
        var count = 0
        for scalar in text.unicodeScalars {
            if count < limit { output += new }
            count += 1
            output.unicodeScalars.append(scalar)
        }
        if count < limit { output += new }
        return output
    }
}
