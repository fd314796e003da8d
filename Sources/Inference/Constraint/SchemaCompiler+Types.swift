import JSON

extension SchemaCompiler {
    /// A bound that must be a whole number, 0 or more.
    private func count(_ schema: JSONValue, _ key: String, _ place: String) throws(ConstraintError) -> Int? {
        guard let value = schema[key], !value.isNull else { return nil }
        guard let number = value.integer, number >= 0, number <= 100_000 else {
            throw ConstraintError("\(place).\(key): must be a whole number from 0 to 100000")
        }
        return number
    }

    private func bounds(
        _ schema: JSONValue, _ least: String, _ most: String, _ place: String
    ) throws(ConstraintError) -> (Int, Int?) {
        let low = try count(schema, least, place) ?? 0, high = try count(schema, most, place)
        guard low <= high ?? .max else { throw ConstraintError("\(place): \(least) is more than \(most)") }
        return (low, high)
    }

    // MARK: - Strings and numbers

    mutating func string(_ schema: JSONValue, _ place: String) throws(ConstraintError) -> Expression {
        let (least, most) = try bounds(schema, "minLength", "maxLength", place)
        let format = schema["format"]?.stringValue.flatMap { Self.formats[$0] }
        let pattern = schema["pattern"]
        guard pattern != nil || format != nil else {
            if least == 0, most == nil { return try anyString() }
            return JSONText.quoted(.repeated(try character(), least: least, most: most))
        }
        guard least == 0, most == nil, pattern == nil || format == nil else {
            throw ConstraintError(
                "\(place): pattern, format and lengths exclude each other here; put the length into the pattern")
        }
        if let pattern {
            guard let text = pattern.stringValue else { throw ConstraintError("\(place).pattern: must be text") }
            do {
                return JSONText.quoted(try RegexParser.parse(text, isSearch: true, character: JSONText.character))
            } catch {
                throw ConstraintError("\(place).pattern: \(error.message)")
            }
        }
        return JSONText.quoted(try RegexParser.parse(format ?? "", character: JSONText.character))
    }

    /// Formats that are kept; others are notes, as JSON Schema says.
    private static let formats: [String: String] = {
        let date = #"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"#
        let time = #"([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"#
        let byte = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
        let label = "[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
        return [
            "date": date, "time": time, "date-time": "\(date)T\(time)",
            "uuid": "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", "ipv4": #"\#(byte)(\.\#(byte)){3}"#,
            "hostname": #"\#(label)(\.\#(label)){0,8}"#,
            "email": #"[a-zA-Z0-9_+-]+(\.[a-zA-Z0-9_+-]+){0,8}@\#(label)(\.\#(label)){1,8}"#,
            "uri": #"[a-zA-Z][a-zA-Z0-9+.-]{0,30}:[!#$%&'()*+,/0-9:;=?@A-Z\[\]_a-z~.-]+"#,
            "duration": #"P([0-9]{1,6}[YMWD]){0,4}(T([0-9]{1,6}[HMS]){1,3})?"#,
        ]
    }()

    private func whole(_ schema: JSONValue, _ key: String, _ place: String) throws(ConstraintError) -> Double? {
        guard let value = schema[key], !value.isNull else { return nil }
        // Draft 4 writes true beside minimum.
        if value.boolValue != nil { throw ConstraintError("\(place).\(key): must be a number") }
        guard let number = value.number, number.isFinite, abs(number) < 1e18 else {
            throw ConstraintError("\(place).\(key): must be a number below 1e18")
        }
        return number
    }

    mutating func integer(_ schema: JSONValue, _ place: String) throws(ConstraintError) -> Expression {
        var least = try whole(schema, "minimum", place).map { Int($0.rounded(.up)) }
        var most = try whole(schema, "maximum", place).map { Int($0.rounded(.down)) }
        if let bound = try whole(schema, "exclusiveMinimum", place) {
            least = max(least ?? .min, Int(bound.rounded(.down)) + 1)
        }
        if let bound = try whole(schema, "exclusiveMaximum", place) {
            most = min(most ?? .max, Int(bound.rounded(.up)) - 1)
        }
        if least == nil, most == nil { return try shared("integer") { JSONText.integer } }
        guard least ?? .min <= most ?? .max else { throw ConstraintError("\(place): minimum is more than maximum") }
        return JSONText.integer(least, most)
    }

    /// Bounds of numbers with a fraction are kept where they are whole: by their integer part.
    mutating func number(_ schema: JSONValue, _ place: String) throws(ConstraintError) -> Expression {
        var low = try whole(schema, "minimum", place), high = try whole(schema, "maximum", place)
        var above = try whole(schema, "exclusiveMinimum", place), below = try whole(schema, "exclusiveMaximum", place)
        if low == nil, high == nil, above == nil, below == nil { return try shared("number") { JSONText.number } }
        guard [low, high, above, below].allSatisfy({ $0 == nil || $0 == $0?.rounded() }) else {
            throw ConstraintError("\(place): bounds of numbers must be whole")
        }
        // Of two bounds on one side the narrower counts.
        if let low, let bound = above, low > bound { above = nil }
        if above != nil { low = nil }
        if let high, let bound = below, high < bound { below = nil }
        if below != nil { high = nil }
        let lowest = low ?? above ?? -.infinity, highest = high ?? below ?? .infinity
        guard lowest < highest || (lowest == highest && above == nil && below == nil) else {
            throw ConstraintError("\(place): minimum is more than maximum")
        }
        var options: [Expression] = []
        // Numbers whose integer part lies between the bounds: a fraction takes them away from 0, so on each side of 0 the
        // outer bound is reached by the bound itself only.
        if highest > 0 {
            let from = Swift.max(lowest, 0)
            let first = Int(from), last = highest.isFinite ? Int(highest) - 1 : nil
            let isOpen = above.map { $0 >= 0 } ?? false
            if isOpen {
                options.append(.sequence([.text(String(first)), Self.positiveFraction]))
                if last ?? .max > first {
                    options.append(.sequence([JSONText.integer(first + 1, last), JSONText.fraction]))
                }
            } else if last ?? .max >= first {
                options.append(.sequence([JSONText.integer(first, last), JSONText.fraction]))
            }
        }
        if lowest < 0 {
            let from = Swift.max(-highest, 0)
            let first = Int(from), last = lowest.isFinite ? Int(-lowest) - 1 : nil
            let isOpen = below.map { $0 <= 0 } ?? false
            if isOpen {
                options.append(.sequence([.text("-" + String(first)), Self.positiveFraction]))
                if last ?? .max > first {
                    options.append(.sequence([.text("-"), JSONText.integer(first + 1, last), JSONText.fraction]))
                }
            } else if last ?? .max >= first {
                options.append(.sequence([.text("-"), JSONText.integer(first, last), JSONText.fraction]))
            }
        }
        for bound in [low, high].compactMap({ $0 }) {
            options.append(.sequence([.text(String(Int(bound))), Self.zeroFraction]))
        }
        return .choice(options)
    }

    /// A fraction that is not zero.
    private static let positiveFraction: Expression = .sequence([
        .text("."), .repeated(JSONText.digit, least: 0, most: 6), .byte(0x31...0x39),
    ])
    private static let zeroFraction: Expression = .optional(
        .sequence([.text("."), .repeated(.text("0"), least: 1, most: 6)]))

    // MARK: - Arrays and objects

    mutating func array(_ schema: JSONValue, _ place: String) throws(ConstraintError) -> Expression {
        let (least, most) = try bounds(schema, "minItems", "maxItems", place)
        let space = try space()
        let heads = schema["prefixItems"] ?? (schema["items"]?.arrayValue != nil ? schema["items"] : nil)
        guard let heads else {
            if most == 0 { return SchemaCompiler.list("[", .empty, "]", space: space, least: 0, most: 0) }
            let item: Expression
            if let items = schema["items"] {
                // A rule, so that many items do not copy a large schema.
                item = .rule(try addRule(items, "\(place).items"))
            } else {
                item = try anyValue()
            }
            return SchemaCompiler.list("[", item, "]", space: space, least: least, most: most)
        }
        guard let items = heads.arrayValue else { throw ConstraintError("\(place).prefixItems: must be a list") }
        guard least <= items.count, most ?? .max >= items.count else {
            throw ConstraintError("\(place): prefixItems with other lengths is not supported")
        }
        var parts: [Expression] = [.text("["), space]
        for (index, item) in items.enumerated() {
            parts += index > 0 ? [.text(","), space] : []
            parts.append(try expression(item, "\(place).prefixItems[\(index)]"))
        }
        return .sequence(parts + [space, .text("]")])
    }

    private mutating func addRule(_ schema: JSONValue, _ place: String) throws(ConstraintError) -> Int {
        let expression = try expression(schema, place)
        if case .rule(let rule) = expression { return rule }
        return try addRule(expression)
    }

    mutating func object(_ schema: JSONValue, _ place: String) throws(ConstraintError) -> Expression {
        let properties = schema["properties"]?.members ?? []
        guard properties.count <= 1024 else { throw ConstraintError("\(place): has more than 1024 properties") }
        var required: Set<String> = []
        for item in schema["required"]?.arrayValue ?? [] {
            guard let name = item.stringValue else { throw ConstraintError("\(place).required: must hold names") }
            required.insert(name)
        }
        let space = try space()
        var members: [(member: Expression, isRequired: Bool)] = []
        for property in properties {
            let value = try expression(property.value, "\(place).properties.\(property.key.prefix(60))")
            let key = JSONValue.string(property.key).text()
            members.append((.sequence([.text(key), .text(":"), space, value]), required.contains(property.key)))
        }
        // Names that only `required` knows may be anything.
        for name in required.subtracting(properties.map(\.key)).sorted() {
            guard schema["additionalProperties"] != .bool(false) else {
                throw ConstraintError("\(place).required: \(name.prefix(60)) is not among the properties")
            }
            members.append(
                (.sequence([.text(JSONValue.string(name).text()), .text(":"), space, try anyValue()]), true))
        }
        let extra = try self.extra(schema, hasProperties: !properties.isEmpty, place)
        if members.isEmpty {
            guard let extra else { return .sequence([.text("{"), space, .text("}")]) }
            return SchemaCompiler.list("{", extra, "}", space: space, least: 0, most: nil)
        }
        return .sequence([.text("{"), space, try chain(members, extra, space), .text("}")])
    }

    /// A member that the schema does not name; nil when there may be none.
    private mutating func extra(
        _ schema: JSONValue, hasProperties: Bool, _ place: String
    ) throws(ConstraintError) -> Expression? {
        let value: Expression
        switch schema["additionalProperties"] {
        case .bool(false)?: return nil
        case nil where hasProperties: return nil
        case .bool(true)?, nil: value = try anyValue()
        case .some(let other): value = try expression(other, "\(place).additionalProperties")
        }
        return .sequence([try anyString(), .text(":"), try space(), value])
    }

    /// Members in order, some of which may be left out, with commas between those that are there.
    ///
    /// Two rules a member, one for when nothing stands before it: as many rules as members, however many may be missing.
    private mutating func chain(
        _ members: [(member: Expression, isRequired: Bool)], _ extra: Expression?, _ space: Expression
    ) throws(ConstraintError) -> Expression {
        let comma: Expression = .sequence([.text(","), space])
        var afterNone: Expression = .empty, afterSome: Expression = space
        if let extra {
            let more: Expression = .repeated(.sequence([comma, extra]), least: 0, most: nil)
            afterSome = .sequence([more, space])
            afterNone = .optional(.sequence([extra, more, space]))
        }
        for (member, isRequired) in members.reversed() {
            let rest = Expression.rule(try addRule(afterSome))
            let skipped = Expression.rule(try addRule(afterNone))
            let memberRule = Expression.rule(try addRule(member))
            afterSome = .sequence([comma, memberRule, rest])
            let first: Expression = .sequence([memberRule, rest])
            if isRequired {
                afterNone = first
            } else {
                afterSome = .choice([afterSome, rest])
                afterNone = .choice([first, skipped])
            }
        }
        return afterNone
    }

    private mutating func addRule(_ expression: Expression) throws(ConstraintError) -> Int {
        try grammarRule(expression)
    }
}
