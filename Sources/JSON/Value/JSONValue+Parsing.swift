extension JSONValue {
    /// Reads a whole text as Python's `json.loads` does.
    public init(parsing text: String) throws(JSONError) {
        var text = text
        let result = text.withUTF8 { bytes in Self.read(bytes) }
        self = try result.get()
    }

    /// Reads the bytes of a whole text as Python's `json.loads` does.
    public init(parsing bytes: [UInt8]) throws(JSONError) {
        let result = bytes.withUnsafeBufferPointer { bytes in Self.read(bytes) }
        self = try result.get()
    }

    // A typed error does not travel through `withUTF8`, so it is carried out as a value.
    private static func read(_ bytes: UnsafeBufferPointer<UInt8>) -> Result<JSONValue, JSONError> {
        do throws(JSONError) {
            var scanner = JSONScanner(bytes, dialect: .python)
            let value = try scanner.readValue()
            try scanner.expectEnd()
            return .success(value)
        } catch {
            return .failure(error)
        }
    }
}
