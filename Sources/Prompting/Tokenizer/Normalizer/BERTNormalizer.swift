/// BERT's text cleaning.
struct BERTNormalizer: Sendable, Hashable {
    var cleansText: Bool
    var spacesChinese: Bool
    var stripsAccents: Bool
    var lowercases: Bool

    private static let cleaning: CharacterMapping = {
        var map: [UInt32: [UInt8]] = [:]
        for point in CodePointSet(table: CategoryTables.removedByBERT).ranges.joined() { map[point] = [] }
        for point in UnicodeProperty.space.ranges.joined() where map[point] == nil { map[point] = [0x20] }
        for point: UInt32 in [0x09, 0x0A, 0x0D] { map[point] = [0x20] }
        return CharacterMapping(map)
    }()

    private static let accents = CharacterMapping(removing: CodePointSet(table: CategoryTables.accents))

    private static let chinese = CodePointSet([
        0x4E00..<0xA000, 0x3400..<0x4DC0, 0x20000..<0x2A6E0, 0x2A700..<0x2B740, 0x2B740..<0x2B820, 0x2B920..<0x2CEB0,
        0xF900..<0xFB00, 0x2F800..<0x2FA20,
    ])

    func normalize(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        var result: [UInt8]?
        func run(_ isOn: Bool, _ step: (UnsafeBufferPointer<UInt8>) -> [UInt8]?) {
            guard isOn else { return }
            if let next = result.map({ $0.withUnsafeBufferPointer(step) }) ?? step(text) { result = next }
        }
        run(cleansText, Self.cleaning.apply)
        run(spacesChinese, Self.spaceChinese)
        run(stripsAccents) { UnicodeNormalizer.shared.normalize($0, to: .d) }
        run(stripsAccents, Self.accents.apply)
        run(lowercases, CharacterMapping.lowercase.apply)
        return result
    }

    private static func spaceChinese(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        guard let base = text.baseAddress else { return nil }
        var result: [UInt8] = []
        result.reserveCapacity(text.count * 5 / 3)
        var position = 0
        while position < text.count {
            let (point, length) = CharacterClasses.codePoint(base, position)
            let isChinese = point >= 0x3400 && chinese.contains(UInt32(point))
            if isChinese { result.append(0x20) }
            for place in position..<position + length { result.append(text[place]) }
            if isChinese { result.append(0x20) }
            position += length
        }
        return result.count == text.count ? nil : result
    }
}
