/// A protocol-buffer message being written: fields go out in the order of the calls.
struct ProtobufMessage {
    private(set) var bytes: [UInt8] = []

    private enum Wire: UInt64 {
        case varint = 0
        case fixed64 = 1
        case lengthDelimited = 2
        case fixed32 = 5
    }

    mutating func varint(_ field: UInt64, _ value: Int64) {
        tag(field, .varint)
        append(varint: UInt64(bitPattern: value))
    }

    mutating func double(_ field: UInt64, _ value: Double) {
        tag(field, .fixed64)
        append(littleEndian: value.bitPattern)
    }

    mutating func float(_ field: UInt64, _ value: Float) {
        tag(field, .fixed32)
        append(littleEndian: value.bitPattern)
    }

    mutating func string(_ field: UInt64, _ value: String) { payload(field, Array(value.utf8)) }

    mutating func message(_ field: UInt64, _ build: (inout ProtobufMessage) -> Void) {
        var inner = ProtobufMessage()
        build(&inner)
        payload(field, inner.bytes)
    }

    private mutating func payload(_ field: UInt64, _ value: [UInt8]) {
        tag(field, .lengthDelimited)
        append(varint: UInt64(value.count))
        bytes += value
    }

    private mutating func tag(_ field: UInt64, _ wire: Wire) { append(varint: field << 3 | wire.rawValue) }

    private mutating func append(varint value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    private mutating func append(littleEndian value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }
}
