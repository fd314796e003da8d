import JSON

extension JSONScanner {
    /// Reads a whole number that fits an id.
    @inline(__always)
    mutating func readID() throws(JSONError) -> Int32 {
        skipSpace()
        var value: Int64 = 0
        let start = offset
        while offset < bytes.count, case let digit = bytes[offset] &- UInt8(ascii: "0"), digit < 10 {
            value = value * 10 + Int64(digit)
            offset += 1
            if value > Int32.max { throw failure(.content("the id is too large")) }
        }
        guard offset > start else { throw failure(.content("expected an id, a whole number of at least 0")) }
        return Int32(value)
    }
}
