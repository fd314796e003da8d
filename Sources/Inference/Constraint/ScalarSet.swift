/// A set of Unicode scalars as sorted ranges without overlaps; surrogates never belong to it.
struct ScalarSet: Sendable, Equatable {
    private(set) var ranges: [ClosedRange<UInt32>] = []

    static let all = ScalarSet([0...0xD7FF, 0xE000...0x10FFFF])

    init(_ ranges: [ClosedRange<UInt32>] = []) {
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = self.ranges.last, range.lowerBound <= last.upperBound + 1 {
                self.ranges[self.ranges.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                self.ranges.append(range)
            }
        }
    }

    init(_ text: String) { self.init(text.unicodeScalars.map { $0.value...$0.value }) }

    func union(_ other: ScalarSet) -> ScalarSet { ScalarSet(ranges + other.ranges) }

    func subtracting(_ other: ScalarSet) -> ScalarSet {
        var result: [ClosedRange<UInt32>] = []
        for range in ranges {
            var low = range.lowerBound
            var isUsedUp = false
            for hole in other.ranges where hole.upperBound >= low && hole.lowerBound <= range.upperBound {
                if hole.lowerBound > low { result.append(low...hole.lowerBound - 1) }
                if hole.upperBound >= range.upperBound {
                    isUsedUp = true
                    break
                }
                low = hole.upperBound + 1
            }
            if !isUsedUp { result.append(low...range.upperBound) }
        }
        return ScalarSet(result)
    }

    var inverted: ScalarSet { Self.all.subtracting(self) }
    func contains(_ value: UInt32) -> Bool { ranges.contains { $0.contains(value) } }
    var isEmpty: Bool { ranges.isEmpty }

    /// The UTF-8 of one scalar of the set.
    var expression: Expression {
        var options: [Expression] = []
        for range in subtracting(ScalarSet([0xD800...0xDFFF])).ranges {
            for limits in [0...0x7F, 0x80...0x7FF, 0x800...0xFFFF, 0x10000...0x10FFFF] as [ClosedRange<UInt32>] {
                let low = max(range.lowerBound, limits.lowerBound), high = min(range.upperBound, limits.upperBound)
                if low <= high { options += Self.sequences(Self.bytes(low), Self.bytes(high)) }
            }
        }
        return options.count == 1 ? options[0] : .choice(options)
    }

    private static func bytes(_ value: UInt32) -> [UInt8] {
        Unicode.Scalar(value).map { Array(String(Character($0)).utf8) } ?? []
    }

    /// Byte sequences of one length from `low` to `high`.
    private static func sequences(_ low: [UInt8], _ high: [UInt8]) -> [Expression] {
        guard let first = low.first, let last = high.first else { return [] }
        if low.count == 1 { return [.byte(first...last)] }
        let lowRest = Array(low.dropFirst()), highRest = Array(high.dropFirst())
        let least = Array(repeating: UInt8(0x80), count: lowRest.count)
        let most = Array(repeating: UInt8(0xBF), count: lowRest.count)
        func joined(_ byte: ClosedRange<UInt8>, _ rests: [Expression]) -> [Expression] {
            rests.isEmpty ? [] : [.sequence([.byte(byte), rests.count == 1 ? rests[0] : .choice(rests)])]
        }
        if first == last { return joined(first...first, sequences(lowRest, highRest)) }
        var options: [Expression] = []
        var start = first, end = last
        if lowRest != least {
            options += joined(first...first, sequences(lowRest, most))
            start += 1
        }
        if highRest != most { end -= 1 }
        if start <= end { options += joined(start...end, sequences(least, most)) }
        if highRest != most { options += joined(last...last, sequences(least, highRest)) }
        return options
    }
}
