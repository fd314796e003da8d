extension Filters {
    /// Filters that go through many values.
    static var lists: [String: Body] {
        [
            "list": { value, _, renderer in
                let items = try renderer.iterate(value)
                try renderer.allocateItems(items.count)
                return try .list(items)
            },
            "first": { value, _, renderer in
                if case .sequence(let sequence) = value {
                    return sequence.takeFirst() ?? .undefined(Undefined("No first item, sequence was empty."))
                }
                return try renderer.iterate(value).first ?? .undefined(Undefined("No first item, sequence was empty."))
            },
            "last": { value, _, renderer in
                if case .sequence(let sequence) = value, sequence.kind == .generator {
                    throw JinjaError("'generator' object is not reversible")
                }
                return try renderer.iterate(value).last ?? .undefined(Undefined("No last item, sequence was empty."))
            },
            "random": { value, _, renderer in
                try renderer.iterate(value).randomElement()
                    ?? .undefined(Undefined("No random item, sequence was empty."))
            },
            "reverse": { value, _, renderer in
                if case .string(let text) = value {
                    try renderer.allocate(text.utf8.count)
                    return .string(String(text.unicodeScalars.reversed()))
                }
                let items = try renderer.iterate(value)
                try renderer.allocateItems(items.count)
                return try .generator(items.reversed())
            },
            "join": join,
            "items": { value, _, renderer in
                if value.isUndefined { return try .generator([]) }
                guard case .dict(let dict) = value else { throw JinjaError("Can only get item pairs from a mapping.") }
                try renderer.allocateItems(4 * dict.count)
                return try .generator(dict.pairs.map { try .tuple([$0, $1]) })
            },
            "dictsort": dictSort,
            "sort": { value, arguments, renderer in
                let bound = try arguments.bind("reverse", "case_sensitive", "attribute", function: "sort")
                let getter = try Getter(bound[2], isCaseSensitive: bound[1].flag(), renderer, splitsCommas: true)
                let items = try renderer.iterate(value)
                return try .list(sorted(items, reverse: bound[0].flag(), renderer, by: getter.value))
            },
            "unique": { value, arguments, renderer in
                let bound = try arguments.bind("case_sensitive", "attribute", function: "unique")
                let getter = try Getter(bound[1], isCaseSensitive: bound[0].flag(), renderer)
                var seen: Set<Value.Key> = []
                let items = try renderer.iterate(value).filter { seen.insert(try Value.Key(getter.value($0))).inserted }
                try renderer.allocateItems(items.count * 4)
                return try .generator(items)
            },
            "min": { try extreme($0, $1, $2, "min") }, "max": { try extreme($0, $1, $2, "max") },
            "sum": { value, arguments, renderer in
                let bound = try arguments.bind("attribute", "start", function: "sum")
                let getter = try Getter(bound[0], isCaseSensitive: true, renderer)
                let start = bound[1] ?? .int(0)
                if case .string = start { throw JinjaError("sum() can't sum strings") }
                return try renderer.iterate(value).reduce(start) {
                    try renderer.combine($0, .add, try getter.value($1))
                }
            },
            "groupby": groupBy,
            "map": map,
            "select": { try select($0, $1, $2, keeps: true, hasAttribute: false) },
            "reject": { try select($0, $1, $2, keeps: false, hasAttribute: false) },
            "selectattr": { try select($0, $1, $2, keeps: true, hasAttribute: true) },
            "rejectattr": { try select($0, $1, $2, keeps: false, hasAttribute: true) },
            "batch": { value, arguments, renderer in
                let bound = try arguments.bind("linecount", "fill_with", function: "batch")
                let size = try bound[0].int("linecount")
                let items = try renderer.iterate(value)
                guard size > 0 else { throw JinjaError("batch needs a size of at least 1") }
                var batches = stride(from: 0, to: items.count, by: size).map {
                    Array(items[$0..<min($0 + size, items.count)])
                }
                try renderer.allocateItems(items.count + 2 * batches.count)
                if let fill = bound[1].some, let last = batches.last, last.count < size {
                    try renderer.allocateItems(size)
                    batches[batches.count - 1] += [Value](repeating: fill, count: size - last.count)
                }
                return try .generator(batches.map(Value.list))
            },
            "slice": { value, arguments, renderer in
                let bound = try arguments.bind("slices", "fill_with", function: "slice")
                let count = try bound[0].int("slices")
                guard count > 0 else { throw JinjaError("slice needs at least 1 slice") }
                let items = try renderer.iterate(value)
                let (size, rest) = items.count.quotientAndRemainder(dividingBy: count)
                try renderer.allocateItems(count)
                try renderer.allocateItems(count + items.count)
                return try .generator(
                    (0..<count).map { index in
                        let start = index * size + min(index, rest)
                        var part = Array(items[start..<start + size + (index < rest ? 1 : 0)])
                        if let fill = bound[1].some, index >= rest { part.append(fill) }
                        return try .list(part)
                    })
            },
        ]
    }

    private static func join(_ value: Value, _ arguments: Arguments, _ renderer: Renderer) throws -> Value {
        let bound = try arguments.bind("d", "attribute", function: "join")
        let separator = try bound[0].map(renderer.text) ?? ""
        let getter = try Getter(bound[1], isCaseSensitive: true, renderer)
        var output = ""
        for (index, item) in try renderer.iterate(value).enumerated() {
            let piece = try renderer.text(of: getter.value(item))
            try renderer.allocate(piece.utf8.count + separator.utf8.count)
            if index > 0 { output += separator }
            output += piece
        }
        return .string(output)
    }

    private static func dictSort(_ value: Value, _ arguments: Arguments, _ renderer: Renderer) throws -> Value {
        let bound = try arguments.bind("case_sensitive", "by", "reverse", function: "dictsort")
        guard case .dict(let dict) = value else {
            throw JinjaError("dictsort needs a dictionary, not \(value.typeName)")
        }
        let by = try bound[1].text("by", default: "key")
        guard by == "key" || by == "value" else { throw JinjaError("dictsort can sort by key or by value") }
        let isCaseSensitive = bound[0].flag()
        try renderer.allocateItems(4 * dict.count)
        let pairs = try dict.pairs.map { try Value.tuple([$0, $1]) }
        return try .list(
            sorted(pairs, reverse: bound[2].flag(), renderer) { pair in
                let part = try renderer.item(.int(by == "key" ? 0 : 1), of: pair)
                return isCaseSensitive ? part : part.lowercased
            })
    }

    /// Sorted as Python does: equal items keep their order, in reverse, too.
    private static func sorted(
        _ items: [Value], reverse: Bool, _ renderer: Renderer, by key: (Value) throws -> Value
    ) throws -> [Value] {
        try renderer.allocateItems(2 * items.count)
        let keyed = try items.enumerated().map { (place: $0, key: try key($1), item: $1) }
        let sorted = try keyed.sorted { left, right in
            let (a, b) = reverse ? (right.key, left.key) : (left.key, right.key)
            if try renderer.isLess(a, b) { return true }
            return try !renderer.isLess(b, a) && left.place < right.place
        }
        return sorted.map(\.item)
    }

    private static func extreme(
        _ value: Value, _ arguments: Arguments, _ renderer: Renderer, _ name: String
    ) throws -> Value {
        let bound = try arguments.bind("case_sensitive", "attribute", function: name)
        let getter = try Getter(bound[1], isCaseSensitive: bound[0].flag(), renderer)
        var best: (key: Value, item: Value)?
        for item in try renderer.iterate(value) {
            let key = try getter.value(item)
            guard let current = best else {
                best = (key, item)
                continue
            }
            if try name == "min" ? renderer.isLess(key, current.key) : renderer.isLess(current.key, key) {
                best = (key, item)
            }
        }
        return best?.item ?? .undefined(Undefined("No aggregated item, sequence was empty."))
    }

    private static func groupBy(_ value: Value, _ arguments: Arguments, _ renderer: Renderer) throws -> Value {
        let bound = try arguments.bind("attribute", "default", "case_sensitive", function: "groupby")
        guard bound[0] != nil else { throw JinjaError("groupby() needs an attribute") }
        let isCaseSensitive = bound[2].flag()
        let getter = try Getter(bound[0], isCaseSensitive: true, renderer, fallback: bound[1])
        func key(_ item: Value) throws -> Value {
            let key = try getter.value(item)
            return isCaseSensitive ? key : key.lowercased
        }
        let items = try sorted(renderer.iterate(value), reverse: false, renderer, by: key)
        var groups: [(key: Value, items: [Value])] = []
        for item in items {
            let common = try key(item)
            if let last = groups.last, try renderer.areEqual(last.key, common) {
                groups[groups.count - 1].items.append(item)
            } else {
                groups.append((common, [item]))
            }
        }
        try renderer.allocateItems(items.count + 4 * groups.count)
        return try .list(
            groups.map { group in
                // The name of a group is the first item's own, not in lower case.
                let name = isCaseSensitive ? group.key : try getter.value(group.items[0])
                return .sequence(
                    try Value.Sequence(.tuple, [name, .list(group.items)], fields: ["grouper", "list"]))
            })
    }

    private static func map(_ value: Value, _ arguments: Arguments, _ renderer: Renderer) throws -> Value {
        let items = try renderer.iterate(value)
        try renderer.allocateItems(items.count)
        if arguments.positional.isEmpty {
            let bound = try arguments.bind("attribute", "default", function: "map")
            guard bound[0] != nil else { throw JinjaError("map requires a filter argument") }
            let getter = try Getter(bound[0], isCaseSensitive: true, renderer, fallback: bound[1])
            return try .generator(items.map(getter.value))
        }
        let name = try arguments.positional.first.text("map()'s filter")
        let rest = arguments.dropFirst()
        return try .generator(items.map { try apply(name, to: $0, rest, renderer) })
    }

    private static func select(
        _ value: Value, _ arguments: Arguments, _ renderer: Renderer, keeps: Bool, hasAttribute: Bool
    ) throws -> Value {
        var arguments = arguments
        var getter: Getter?
        if hasAttribute {
            guard let attribute = arguments.positional.first else {
                throw JinjaError("Missing parameter for attribute name")
            }
            getter = try Getter(attribute, isCaseSensitive: true, renderer)
            arguments = arguments.dropFirst()
        }
        let test = try arguments.positional.isEmpty ? nil : arguments.positional.first.text("the test's name")
        let rest = arguments.dropFirst()
        let items = try renderer.iterate(value).filter { item in
            let item = try getter?.value(item) ?? item
            let holds = try test.map { try ValueTests.apply($0, to: item, rest, renderer) } ?? item.isTruthy
            return holds == keeps
        }
        try renderer.allocateItems(items.count)
        return try .generator(items)
    }
}

/// Looks up an attribute such as `function.name` or `0.id`, as filters take it.
struct Getter {
    private let paths: [[Value]]
    private let isCaseSensitive: Bool
    private let fallback: Value?
    private let renderer: Renderer

    /// - Parameter splitsCommas: several attributes make a list, for sorting by one after the other.
    init(
        _ attribute: Value?, isCaseSensitive: Bool, _ renderer: Renderer, splitsCommas: Bool = false,
        fallback: Value? = nil
    ) throws {
        self.isCaseSensitive = isCaseSensitive
        self.renderer = renderer
        self.fallback = fallback
        switch attribute.some {
        case nil: paths = []
        case .int(let index): paths = [[.int(index)]]
        case .string(let text):
            paths = (splitsCommas ? text.split(separator: ",", omittingEmptySubsequences: false) : [text[...]]).map {
                $0.split(separator: ".", omittingEmptySubsequences: false).map { part in
                    part.allSatisfy(\.isNumber)
                        ? Int(part).map(Value.int) ?? .string(String(part)) : .string(String(part))
                }
            }
        case .some(let value): throw JinjaError("an attribute has to be a text, not \(value.typeName)")
        }
    }

    func value(_ item: Value) throws -> Value {
        try renderer.step()
        guard let first = paths.first else { return isCaseSensitive ? item : item.lowercased }
        if paths.count == 1 { return try value(item, first) }
        return try .list(paths.map { try value(item, $0) })
    }

    private func value(_ item: Value, _ path: [Value]) throws -> Value {
        var value = item
        for part in path {
            value = try renderer.item(part, of: value)
            if value.isUndefined, let fallback { value = fallback }
        }
        return isCaseSensitive ? value : value.lowercased
    }
}

extension Value {
    /// Texts in lower case, for comparing without regard to case.
    fileprivate var lowercased: Value {
        if case .string(let text) = self { .string(text.pythonLowercased) } else { self }
    }
}
