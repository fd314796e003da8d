extension TextMethods {
    func search(_ name: String, _ arguments: Arguments) throws -> Value {
        let bound = try arguments.bind("sub", "start", "end", function: name)
        guard let needle = bound[0] else { throw JinjaError("\(name)() needs an argument") }
        // Positions are counted in code points, so that the stretch is cut out first.
        let hasBounds = bound[1].some != nil || bound[2].some != nil
        let all = hasBounds ? Array(text.unicodeScalars) : []
        func place(_ value: Value?, _ missing: Int) throws -> Int {
            let index = try value.some.map { try Value?.some($0).int("position") } ?? missing
            return max(0, min(all.count, index < 0 ? index + all.count : index))
        }
        let start = hasBounds ? try place(bound[1], 0) : 0
        let end = hasBounds ? try place(bound[2], all.count) : 0
        if hasBounds {
            let original = try bound[1].some.map { try Value?.some($0).int("start") } ?? 0
            if end < start || original > all.count { return try missing(name) }
        }
        let part = TextBytes(hasBounds ? String(all[start..<end]) : text)
        if name == "startswith" || name == "endswith" {
            if case .sequence(let options) = needle, options.kind == .tuple {
                return .bool(try options.items.contains { try matches(part, name, .some($0)) })
            }
            return .bool(try matches(part, name, needle))
        }
        let wanted = TextBytes(try bound[0].text("sub"))
        if name == "count" {
            let places = wanted.count == 0 ? part.text(0..<part.count).numCodePoints + 1 : part.findAll(wanted).count
            return .int(places)
        }
        guard let found = name.hasPrefix("r") ? part.findLast(wanted) : part.find(wanted) else {
            return try missing(name)
        }
        return .int(start + part.text(0..<found).numCodePoints)
    }

    private func missing(_ name: String) throws -> Value {
        switch name {
        case "startswith", "endswith": return .bool(false)
        case "count": return .int(0)
        case "index", "rindex": throw JinjaError("substring not found")
        default: return .int(-1)
        }
    }

    private func matches(_ part: TextBytes, _ name: String, _ option: Value?) throws -> Bool {
        let other = TextBytes(try option.text("\(name)()'s argument"))
        return name == "startswith" ? part.hasPrefix(other) : part.hasSuffix(other)
    }

    func split(_ name: String, _ arguments: Arguments) throws -> Value {
        switch name {
        case "split", "rsplit":
            let bound = try arguments.bind("sep", "maxsplit", function: name)
            let limit = try bound[1].int("maxsplit", default: -1)
            let separator = try bound[0].some.map { try Value?.some($0).text("sep") }
            let fromRight = name == "rsplit"
            guard let separator else {
                return try list(text.words(limit: limit < 0 ? .max : limit, fromRight: fromRight))
            }
            guard !separator.isEmpty else { throw JinjaError("empty separator") }
            return try list(pieces(separator, limit: limit < 0 ? .max : limit, fromRight: fromRight))
        case "splitlines":
            return try list(text.lines(keepsEnds: try arguments.bind("keepends", function: name)[0].flag()))
        case "partition", "rpartition":
            let separator = try arguments.bind("sep", function: name)[0].text("sep")
            guard !separator.isEmpty else { throw JinjaError("empty separator") }
            let bytes = TextBytes(text)
            let needle = TextBytes(separator)
            let isLeft = name == "partition"
            guard let place = isLeft ? bytes.find(needle) : bytes.findLast(needle) else {
                return try .tuple((isLeft ? [text, "", ""] : ["", "", text]).map(Value.string))
            }
            return try .tuple([
                .string(bytes.text(0..<place)), .string(separator),
                .string(bytes.text(place + needle.count..<bytes.count)),
            ])
        case "removeprefix", "removesuffix":
            let part = TextBytes(try arguments.bind("part", function: name)[0].text("part"))
            let bytes = TextBytes(text)
            if name == "removeprefix" {
                return .string(bytes.hasPrefix(part) ? bytes.text(part.count..<bytes.count) : text)
            }
            return .string(bytes.hasSuffix(part) ? bytes.text(0..<bytes.count - part.count) : text)
        default: throw JinjaError("'str' object has no method '\(name)'")
        }
    }

    private func list(_ pieces: [String]) throws -> Value {
        try renderer.allocateItems(pieces.count)
        return try .list(pieces.map(Value.string))
    }

    private func pieces(_ separator: String, limit: Int, fromRight: Bool) -> [String] {
        let bytes = TextBytes(text)
        let needle = TextBytes(separator)
        let places = fromRight ? bytes.findAllFromRight(needle, limit: limit) : bytes.findAll(needle, limit: limit)
        var pieces: [String] = []
        var start = 0
        for place in places {
            pieces.append(bytes.text(start..<place))
            start = place + needle.count
        }
        pieces.append(bytes.text(start..<bytes.count))
        return pieces
    }
}

extension TextBytes {
    private var mirrored: TextBytes { TextBytes(reversed: bytes) }

    private init(reversed bytes: [UInt8]) { self.bytes = bytes.reversed() }

    /// The last place of `needle`.
    func findLast(_ needle: TextBytes) -> Int? {
        mirrored.find(needle.mirrored).map { count - $0 - needle.count }
    }

    /// Places of `needle` looked for from the end, in ascending order.
    func findAllFromRight(_ needle: TextBytes, limit: Int) -> [Int] {
        mirrored.findAll(needle.mirrored, limit: limit).map { count - $0 - needle.count }.reversed()
    }
}
