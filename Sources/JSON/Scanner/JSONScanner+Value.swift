extension JSONScanner {
    /// Reads the value that comes next.
    public mutating func readValue() throws(JSONError) -> JSONValue { try readValue(depth: 0) }

    private mutating func readValue(depth: Int) throws(JSONError) -> JSONValue {
        guard let byte = peek() else { throw failure(.unfinished(.value)) }
        switch byte {
        case UInt8(ascii: "\""): return .string(try readString())
        case UInt8(ascii: "{"): return .object(try readMembers(depth: depth))
        case UInt8(ascii: "["): return .array(try readItems(depth: depth))
        default: return try readScalar()
        }
    }

    private mutating func readItems(depth: Int) throws(JSONError) -> [JSONValue] {
        if depth >= Self.maxDepth { throw failure(.depth(Self.maxDepth)) }
        offset += 1
        var items: [JSONValue] = []
        if skip(UInt8(ascii: "]")) { return items }
        repeat { items.append(try readValue(depth: depth + 1)) } while try more(until: UInt8(ascii: "]"))
        return items
    }

    private mutating func readMembers(depth: Int) throws(JSONError) -> [JSONMember] {
        if depth >= Self.maxDepth { throw failure(.depth(Self.maxDepth)) }
        offset += 1
        var members: [JSONMember] = []
        // Only large objects need a table of their keys.
        var places: [String: Int] = [:]
        if skip(UInt8(ascii: "}")) { return members }
        repeat {
            let key = try readKey()
            let value = try readValue(depth: depth + 1)
            // As in Python, a repeated key keeps its first place and its last value.
            if members.count == 16 { for (place, member) in members.enumerated() { places[member.key] = place } }
            let place = members.count < 16 ? members.firstIndex { $0.key == key } : places[key]
            if let place {
                members[place].value = value
            } else {
                if members.count >= 16 { places[key] = members.count }
                members.append(JSONMember(key, value))
            }
        } while try more(until: UInt8(ascii: "}"))
        return members
    }

    /// A key and the colon after it.
    private mutating func readKey() throws(JSONError) -> String {
        guard let byte = peek() else { throw failure(.unfinished(.object)) }
        guard byte == UInt8(ascii: "\"") else {
            throw failure(.unquotedKey(inSingleQuotes: byte == UInt8(ascii: "'")))
        }
        let key = try readString()
        guard skip(UInt8(ascii: ":")) else {
            throw failure(offset < bytes.count ? .missingColon(key: key) : .unfinished(.object))
        }
        return key
    }

    /// Steps over the value that comes next, checking no more than that its strings and brackets close.
    public mutating func skipValue() throws(JSONError) {
        var depth = 0
        repeat {
            switch peek() {
            case nil: throw failure(.unfinished(.value))
            case UInt8(ascii: "\""): try withString { (_) throws(JSONError) in }
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                offset += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                offset += 1
            case UInt8(ascii: ","), UInt8(ascii: ":"): offset += 1
            default: _ = try readScalar()
            }
        } while depth > 0
    }

    /// Where the value of a key of the object that comes next stands, nil when the object has no such key.
    public mutating func rangeOfMember(_ wanted: String) throws(JSONError) -> Range<Int>? {
        try expect(UInt8(ascii: "{"))
        if skip(UInt8(ascii: "}")) { return nil }
        repeat {
            let key = try readKey()
            skipSpace()
            let start = offset
            try skipValue()
            if key == wanted { return start..<offset }
        } while try more(until: UInt8(ascii: "}"))
        return nil
    }
}
