import JSON

/// The members of one object of a request, read with their types; null is the same as absent.
struct Fields: Sendable {
    let members: [JSONMember]
    /// Where the object stands, as `messages[2].`.
    let path: String

    /// - Throws: when the value is no object.
    init(_ value: JSONValue, path: String = "") throws(APIError) {
        guard let members = value.members else {
            let name = path.isEmpty ? "the body" : String(path.dropLast())
            throw APIError(
                400, "\(name) must be a JSON object, not \(value.kind)", parameter: path.isEmpty ? nil : name)
        }
        self.members = members
        self.path = path
    }

    subscript(key: String) -> JSONValue? {
        guard let value = members.last(where: { $0.key == key })?.value, !value.isNull else { return nil }
        return value
    }

    /// The error about a field.
    func invalid(_ key: String, _ message: String) -> APIError { .invalid(path + key, message) }

    private func wrong(_ key: String, _ wanted: String, _ value: JSONValue) -> APIError {
        invalid(key, "must be \(wanted), not \(value.kind)")
    }

    func string(_ key: String) throws(APIError) -> String? {
        guard let value = self[key] else { return nil }
        guard let text = value.stringValue else { throw wrong(key, "text", value) }
        return text
    }

    func bool(_ key: String) throws(APIError) -> Bool? {
        guard let value = self[key] else { return nil }
        guard let flag = value.boolValue else { throw wrong(key, "true or false", value) }
        return flag
    }

    func int(_ key: String, _ range: ClosedRange<Int>) throws(APIError) -> Int? {
        guard let value = self[key] else { return nil }
        guard value.number != nil else { throw wrong(key, "a whole number", value) }
        guard let number = value.integer, range.contains(number) else {
            throw invalid(key, "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    func double(_ key: String, _ range: ClosedRange<Double>) throws(APIError) -> Double? {
        guard let value = self[key] else { return nil }
        guard let number = value.number else { throw wrong(key, "a number", value) }
        guard number.isFinite, range.contains(number) else {
            throw invalid(key, "must be a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    func array(_ key: String) throws(APIError) -> [JSONValue]? {
        guard let value = self[key] else { return nil }
        guard let items = value.arrayValue else { throw wrong(key, "a list", value) }
        return items
    }

    func object(_ key: String) throws(APIError) -> Fields? {
        guard let value = self[key] else { return nil }
        return try Fields(value, path: "\(path)\(key).")
    }

    /// A list of at most `limit` token ids below `numTokens`.
    func tokenIDs(_ key: String, below numTokens: Int, limit: Int = 4096) throws(APIError) -> [Int32]? {
        guard let items = try array(key) else { return nil }
        guard items.count <= limit else { throw invalid(key, "has \(items.count) items, more than \(limit)") }
        var ids: [Int32] = []
        for item in items {
            guard let id = item.integer, id >= 0, id < numTokens else {
                throw invalid(key, "must hold token ids from 0 to \(numTokens - 1)")
            }
            ids.append(Int32(id))
        }
        return ids
    }
}
