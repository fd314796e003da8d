/// Replaces single characters by other texts.
struct CharacterMapping: Sendable {
    private let replacements: [UInt32: [UInt8]]
    /// One bit for each code point that changes.
    private let bits: [UInt64]

    init(_ replacements: [UInt32: [UInt8]]) {
        self.replacements = replacements
        var bits = [UInt64](repeating: 0, count: 0x110000 / 64)
        for point in replacements.keys { bits[Int(point) / 64] |= 1 << UInt64(point % 64) }
        self.bits = bits
    }

    static let lowercase: CharacterMapping = {
        var map: [UInt32: [UInt8]] = [:]
        PackedNumbers.forEachMapping(CategoryTables.lowercase) { map[$0] = UnicodeNormalizer.utf8($1) }
        return CharacterMapping(map)
    }()

    static let withoutCombining = CharacterMapping(removing: CodePointSet(table: CategoryTables.combining))

    static let nmt: CharacterMapping = {
        let removed: [ClosedRange<UInt32>] = [
            0x01...0x08, 0x0B...0x0B, 0x0E...0x1F, 0x7F...0x7F, 0x8F...0x8F, 0x9F...0x9F,
        ]
        let spaces: [ClosedRange<UInt32>] = [
            0x09...0x0A, 0x0C...0x0D, 0x1680...0x1680, 0x200B...0x200F, 0x2028...0x2029, 0x2581...0x2581,
            0xFEFF...0xFEFF, 0xFFFD...0xFFFD,
        ]
        var map: [UInt32: [UInt8]] = [:]
        for point in removed.joined() { map[point] = [] }
        for point in spaces.joined() { map[point] = [0x20] }
        return CharacterMapping(map)
    }()

    init(removing set: CodePointSet) {
        self.init(Dictionary(uniqueKeysWithValues: set.ranges.joined().map { ($0, []) }))
    }

    /// The text with its characters replaced, nil when none is.
    func apply(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        guard let base = text.baseAddress else { return nil }
        var result: [UInt8] = []
        var copied = 0
        var isChanged = false
        bits.withUnsafeBufferPointer { bits in
            var position = 0
            while position < text.count {
                let (point, length) = CharacterClasses.codePoint(base, position)
                if bits[point &>> 6] &>> UInt64(point & 63) & 1 != 0, let replacement = replacements[UInt32(point)] {
                    if !isChanged { result.reserveCapacity(text.count + 16) }
                    result.append(contentsOf: UnsafeBufferPointer(rebasing: text[copied..<position]))
                    result += replacement
                    copied = position + length
                    isChanged = true
                }
                position += length
            }
        }
        guard isChanged else { return nil }
        result.append(contentsOf: UnsafeBufferPointer(rebasing: text[copied...]))
        return result
    }
}
