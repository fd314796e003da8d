/// The bytes of a `RecordStore`'s chunk: a header (what, number of records, bytes, checksum), the lengths of the records
/// and the records, all numbers little-endian.
struct StoreChunk {
    static let headerBytes = 24
    private static let chunkMark: UInt32 = 0x4B4E_4843  // "CHNK"
    private static let endMark: UInt32 = 0x454E_4F44  // "DONE"

    var bytes: [UInt8] = []

    /// What every file begins with.
    static let start = Array("anneal rows 1 ".utf8)

    /// What a file of a key begins with.
    static func fileHeader(_ key: String) -> [UInt8] {
        let text = start + key.utf8.prefix(49)
        return text + [UInt8](repeating: 0, count: 64 - text.count)
    }

    /// A chunk of records.
    init(_ records: [[UInt8]]) {
        var payload: [UInt8] = []
        payload.reserveCapacity(records.reduce(records.count * 4) { $0 + $1.count })
        for record in records { Self.append(UInt32(record.count), to: &payload) }
        for record in records { payload += record }
        append(Self.chunkMark, records.count, payload.count, Self.checksum(payload))
        bytes += payload
    }

    /// The marker at the end.
    init(totalCount: Int) { append(Self.endMark, totalCount, 0, UInt64(totalCount) &* 0x9E37_79B1_85EB_CA87) }

    private mutating func append(_ mark: UInt32, _ numRecords: Int, _ numBytes: Int, _ checksum: UInt64) {
        Self.append(mark, to: &bytes)
        Self.append(UInt32(numRecords), to: &bytes)
        Self.append(UInt64(numBytes), to: &bytes)
        Self.append(checksum, to: &bytes)
    }

    static func append(_ number: some FixedWidthInteger, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }

    private static func checksum(_ payload: [UInt8]) -> UInt64 {
        var hash = Fingerprint()
        payload.withUnsafeBytes { hash.add($0) }
        return hash.word
    }

    /// The header of a chunk that was read.
    struct Header {
        let isMarker: Bool
        let numRecords: Int
        let numBytes: Int
        private let checksum: UInt64

        /// Nil when the bytes are none.
        init?(_ bytes: [UInt8]) {
            guard bytes.count == StoreChunk.headerBytes else { return nil }
            let (mark, count, size, sum) = bytes.withUnsafeBytes { raw in
                (
                    raw.loadUnaligned(as: UInt32.self).littleEndian,
                    raw.loadUnaligned(fromByteOffset: 4, as: UInt32.self).littleEndian,
                    raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self).littleEndian,
                    raw.loadUnaligned(fromByteOffset: 16, as: UInt64.self).littleEndian
                )
            }
            isMarker = mark == endMark
            guard isMarker || mark == chunkMark, size < 1 << 40, isMarker || UInt64(count) * 4 <= size else {
                return nil
            }
            if isMarker, size != 0 || sum != UInt64(count) &* 0x9E37_79B1_85EB_CA87 { return nil }
            numRecords = Int(count)
            numBytes = Int(size)
            checksum = sum
        }

        func matches(_ payload: [UInt8]) -> Bool { StoreChunk.checksum(payload) == checksum }
    }
}
