import JSON

/// Makes a grammar of a JSON schema.
///
/// Properties come in the order of the schema, and no others unless `additionalProperties` says so: a narrower language
/// than the schema's, so that every answer is valid. A keyword that could not be kept is refused.
struct SchemaCompiler {
    private static let maxDepth = 64

    private(set) var grammar = Grammar()
    private let document: JSONValue
    private var references: [String: Int] = [:]
    private var shared: [String: Int] = [:]
    private var depth = 0
    /// Schemas read so far; references within combinations could multiply them without end.
    private var numSchemas = 0
    private static let maxSchemas = 20_000

    init(_ document: JSONValue) { self.document = document }

    /// The rule of the whole document.
    mutating func compile() throws(ConstraintError) -> Int {
        try grammar.addRule(expression(document, "schema"))
    }

    /// The rule of any JSON object.
    mutating func compileObject() throws(ConstraintError) -> Int { try grammar.addRule(anyObject()) }

    /// The rule of a schema between texts: a tool call.
    mutating func compile(_ parts: [Part]) throws(ConstraintError) -> Int {
        var options: [Expression] = []
        for part in parts {
            let schema = try expression(part.schema, "parameters")
            options.append(.sequence([.text(part.before), schema, .text(part.after)]))
        }
        return try grammar.addRule(.choice(options))
    }

    struct Part {
        let before: String
        let schema: JSONValue
        let after: String
    }

    // MARK: - Schemas

    mutating func expression(_ schema: JSONValue, _ place: String) throws(ConstraintError) -> Expression {
        depth += 1
        defer { depth -= 1 }
        numSchemas += 1
        guard depth <= Self.maxDepth else { throw ConstraintError("\(place): is nested too deeply") }
        guard numSchemas <= Self.maxSchemas else {
            throw ConstraintError("is too large: more than \(Self.maxSchemas) parts")
        }
        if schema == .bool(true) { return try anyValue() }
        guard let members = schema.members else { throw ConstraintError("\(place): must be an object or true") }
        if let key = members.first(where: { Self.refused.contains($0.key) && Self.matters($0) })?.key {
            throw ConstraintError("\(place): \(key) is not supported")
        }
        var result = try alternatives(schema, place)
        if schema["nullable"] == .bool(true) { result = .choice([result, .text("null")]) }
        return result
    }

    /// Keywords that would narrow the answer in a way that cannot be kept.
    private static let refused: Set<String> = [
        "not", "if", "then", "else", "dependentRequired", "dependentSchemas", "dependencies", "patternProperties",
        "propertyNames", "unevaluatedProperties", "unevaluatedItems", "contains", "uniqueItems", "multipleOf",
        "minProperties", "maxProperties", "$dynamicRef", "$recursiveRef",
    ]

    private static func matters(_ member: JSONMember) -> Bool {
        switch member.key {
        case "uniqueItems", "unevaluatedProperties", "unevaluatedItems", "minProperties": member.value.isTruthy
        case "multipleOf": member.value.number != 1
        default: true
        }
    }

    private mutating func alternatives(_ schema: JSONValue, _ place: String) throws(ConstraintError) -> Expression {
        if let reference = schema["$ref"] {
            guard let pointer = reference.stringValue else { throw ConstraintError("\(place).$ref: must be text") }
            return .rule(try rule(of: pointer, place))
        }
        if let value = schema["const"] { return try literal(value) }
        if let values = schema["enum"] {
            guard let items = values.arrayValue, !items.isEmpty, items.count <= 4096 else {
                throw ConstraintError("\(place).enum: must be a list of 1 to 4096 values")
            }
            var options: [Expression] = []
            for item in items { options.append(try literal(item)) }
            return .choice(options)
        }
        for key in ["anyOf", "oneOf"] {
            guard let value = schema[key] else { continue }
            guard let items = value.arrayValue, !items.isEmpty else {
                throw ConstraintError("\(place).\(key): must be a list")
            }
            var options: [Expression] = []
            let base = schema.without([key])
            for (index, item) in items.enumerated() {
                // What stands beside the alternatives counts for each of them.
                let both = base.isConstraining ? try merge([base, item], "\(place).\(key)[\(index)]") : item
                options.append(try expression(both, "\(place).\(key)[\(index)]"))
            }
            return .choice(options)
        }
        if let value = schema["allOf"] {
            guard let items = value.arrayValue, !items.isEmpty else {
                throw ConstraintError("\(place).allOf: must be a list")
            }
            let base = schema.without(["allOf"])
            return try expression(
                merge((base.isConstraining ? [base] : []) + items, "\(place).allOf"), "\(place).allOf")
        }
        return try typed(schema, place)
    }

    /// One schema of several objects whose keywords do not conflict.
    private func merge(_ schemas: [JSONValue], _ place: String) throws(ConstraintError) -> JSONValue {
        var result: [JSONMember] = []
        for schema in schemas {
            var schema = schema
            // An alternative may be a reference; its target is what is merged.
            var numSteps = 0
            while let pointer = schema["$ref"]?.stringValue, numSteps < 16 {
                schema = try resolve(pointer, place)
                numSteps += 1
            }
            guard let members = schema.members else {
                throw ConstraintError("\(place): only object schemas can be combined")
            }
            for member in members {
                guard let index = result.firstIndex(where: { $0.key == member.key }) else {
                    result.append(member)
                    continue
                }
                let old = result[index].value
                switch member.key {
                case "properties":
                    let added = (member.value.members ?? []).filter { old[$0.key] == nil }
                    let clash = (member.value.members ?? []).contains { old[$0.key] != nil && old[$0.key] != $0.value }
                    if clash { throw ConstraintError("\(place): the same property has two schemas") }
                    result[index].value = .object((old.members ?? []) + added)
                case "required": result[index].value = .array((old.arrayValue ?? []) + (member.value.arrayValue ?? []))
                case _ where Self.annotations.contains(member.key) || old == member.value: break
                default: throw ConstraintError("\(place): \(member.key) differs between schemas that are combined")
                }
            }
        }
        return .object(result)
    }

    static let annotations: Set<String> = [
        "title", "description", "default", "examples", "example", "$schema", "$id", "$comment", "deprecated",
        "readOnly",
        "writeOnly", "$defs", "definitions", "discriminator", "nullable", "$anchor", "contentEncoding",
        "contentMediaType",
    ]

    private mutating func typed(_ schema: JSONValue, _ place: String) throws(ConstraintError) -> Expression {
        let types: [String]
        switch schema["type"] {
        case .string(let type)?: types = [type]
        case .array(let items)?:
            types = items.compactMap(\.stringValue)
            guard types.count == items.count, !types.isEmpty else {
                throw ConstraintError("\(place).type: must hold names")
            }
        case nil: types = schema.impliedTypes
        default: throw ConstraintError("\(place).type: must be text or a list of texts")
        }
        if types.isEmpty { return try anyValue() }
        var options: [Expression] = []
        for type in types {
            switch type {
            case "object": options.append(try object(schema, place))
            case "array": options.append(try array(schema, place))
            case "string": options.append(try string(schema, place))
            case "integer": options.append(try integer(schema, place))
            case "number": options.append(try number(schema, place))
            case "boolean": options.append(.choice([.text("true"), .text("false")]))
            case "null": options.append(.text("null"))
            default: throw ConstraintError("\(place).type: \(type.prefix(40)) is not a JSON type")
            }
        }
        return options.count == 1 ? options[0] : .choice(options)
    }

    // MARK: - References

    private mutating func rule(of pointer: String, _ place: String) throws(ConstraintError) -> Int {
        if let rule = references[pointer] { return rule }
        let target = try resolve(pointer, place)
        let rule = try grammar.addRule()
        references[pointer] = rule
        try grammar.define(rule, as: expression(target, pointer))
        return rule
    }

    private func resolve(_ pointer: String, _ place: String) throws(ConstraintError) -> JSONValue {
        guard pointer.hasPrefix("#") else {
            throw ConstraintError("\(place).$ref: only references within the schema (#/…) are followed")
        }
        var value = document
        for step in pointer.dropFirst().split(separator: "/") {
            let key = String(step).unescapedPointer
            guard
                let next = value[key]
                    ?? Int(key).flatMap({ index in
                        value.arrayValue.flatMap { $0.indices.contains(index) ? $0[index] : nil }
                    })
            else { throw ConstraintError("\(place).$ref: there is no \(pointer.prefix(80))") }
            value = next
        }
        return value
    }

    mutating func grammarRule(_ expression: Expression) throws(ConstraintError) -> Int {
        try grammar.addRule(expression)
    }

    // MARK: - Shared pieces

    /// A rule that several places call.
    mutating func shared(_ name: String, _ make: () -> Expression) throws(ConstraintError) -> Expression {
        if let rule = shared[name] { return .rule(rule) }
        let rule = try grammar.addRule(make())
        shared[name] = rule
        return .rule(rule)
    }

    mutating func character() throws(ConstraintError) -> Expression { try shared("character") { JSONText.character } }
    mutating func space() throws(ConstraintError) -> Expression { try shared("space") { JSONText.space } }

    mutating func anyString() throws(ConstraintError) -> Expression {
        let character = try character()
        return try shared("string") { JSONText.quoted(.repeated(character, least: 0, most: nil)) }
    }

    mutating func anyValue() throws(ConstraintError) -> Expression {
        if let rule = shared["value"] { return .rule(rule) }
        let rule = try grammar.addRule()
        shared["value"] = rule
        let options: [Expression] = [
            try anyObject(), try anyArray(), try anyString(), try shared("number") { JSONText.number }, .text("true"),
            .text("false"), .text("null"),
        ]
        try grammar.define(rule, as: .choice(options))
        return .rule(rule)
    }

    private mutating func anyObject() throws(ConstraintError) -> Expression {
        if let rule = shared["object"] { return .rule(rule) }
        let rule = try grammar.addRule()
        shared["object"] = rule
        let space = try space()
        let member: Expression = .sequence([try anyString(), .text(":"), space, try anyValue()])
        try grammar.define(rule, as: Self.list("{", member, "}", space: space, least: 0, most: nil))
        return .rule(rule)
    }

    private mutating func anyArray() throws(ConstraintError) -> Expression {
        if let rule = shared["array"] { return .rule(rule) }
        let rule = try grammar.addRule()
        shared["array"] = rule
        let space = try space()
        try grammar.define(rule, as: Self.list("[", try anyValue(), "]", space: space, least: 0, most: nil))
        return .rule(rule)
    }

    /// Items between brackets, with commas.
    static func list(
        _ open: String, _ item: Expression, _ close: String, space: Expression, least: Int, most: Int?
    ) -> Expression {
        let further: Expression = .sequence([.text(","), space, item])
        let some: Expression = .sequence([
            item, .repeated(further, least: max(0, least - 1), most: most.map { max(0, $0 - 1) }), space,
        ])
        let items: Expression = most == 0 ? .empty : least == 0 ? .optional(some) : some
        return .sequence([.text(open), space, items, .text(close)])
    }

    /// One value as it is written.
    private mutating func literal(_ value: JSONValue) throws(ConstraintError) -> Expression {
        switch value {
        case .array(let items):
            let space = try space()
            var parts: [Expression] = [.text("["), space]
            for (index, item) in items.enumerated() {
                parts += (index > 0 ? [.text(","), space] : []) + [try literal(item)]
            }
            return .sequence(parts + [space, .text("]")])
        case .object(let members):
            let space = try space()
            var parts: [Expression] = [.text("{"), space]
            for (index, member) in members.enumerated() {
                parts += index > 0 ? [.text(","), space] : []
                parts += [.text(JSONValue.string(member.key).text()), .text(":"), space, try literal(member.value)]
            }
            return .sequence(parts + [space, .text("}")])
        default: return .text(value.text())
        }
    }
}

extension JSONValue {
    func without(_ keys: Set<String>) -> JSONValue { .object((members ?? []).filter { !keys.contains($0.key) }) }

    /// Whether it says more than notes for people.
    var isConstraining: Bool { (members ?? []).contains { !SchemaCompiler.annotations.contains($0.key) } }

    /// The types that a schema without `type` speaks of.
    fileprivate var impliedTypes: [String] {
        if self["properties"] != nil || self["required"] != nil || self["additionalProperties"] != nil {
            return ["object"]
        }
        if self["items"] != nil || self["prefixItems"] != nil || self["minItems"] != nil { return ["array"] }
        if self["pattern"] != nil || self["minLength"] != nil || self["maxLength"] != nil { return ["string"] }
        if self["minimum"] != nil || self["maximum"] != nil { return ["number"] }
        return []
    }
}

extension String {
    /// A step of a JSON pointer within a URL fragment.
    fileprivate var unescapedPointer: String {
        var result = "", rest = self[...]
        while let first = rest.first {
            if rest.hasPrefix("~1") || rest.hasPrefix("~0") {
                result += rest.hasPrefix("~1") ? "/" : "~"
                rest = rest.dropFirst(2)
            } else {
                result.append(first)
                rest = rest.dropFirst()
            }
        }
        return result
    }
}
