/// Reads the fields of a protocol-buffers message, one after the other.
struct ProtobufReader {
    enum Value {
        case number(UInt64)
        case bytes(ArraySlice<UInt8>)
        case fixed32(UInt32)
    }

    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    /// The next field; nil at the end, and `isBroken` is set when the bytes are no message.
    mutating func next() -> (field: Int, value: Value)? {
        guard !rest.isEmpty, let tag = number() else { return nil }
        let field = Int(truncatingIfNeeded: tag >> 3)
        switch tag & 7 {
        case 0: return number().map { (field, .number($0)) }
        case 1: return take(8).map { (field, .bytes($0)) }
        case 2:
            guard let length = number(), length <= UInt64(rest.count) else { break }
            return take(Int(length)).map { (field, .bytes($0)) }
        case 5: return take(4).map { (field, .fixed32($0.reversed().reduce(0) { $0 << 8 | UInt32($1) })) }
        default: break
        }
        isBroken = true
        return nil
    }

    private(set) var isBroken = false

    private mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
        guard count <= rest.count else {
            isBroken = true
            return nil
        }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }

    private mutating func number() -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard let byte = rest.popFirst() else { break }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        isBroken = true
        return nil
    }
}
