/// A set of code points as sorted ranges that neither overlap nor touch.
struct CodePointSet: Sendable, Hashable {
    private(set) var ranges: [Range<UInt32>]

    static let limit: UInt32 = 0x110000
    static let empty = CodePointSet([])
    static let all = CodePointSet([0..<limit])

    init(_ ranges: some Sequence<Range<UInt32>>) {
        self.ranges = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) where !range.isEmpty {
            if let last = self.ranges.last, range.lowerBound <= last.upperBound {
                self.ranges[self.ranges.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
            } else {
                self.ranges.append(range)
            }
        }
    }

    init(_ point: UInt32) { self.init([point..<point + 1]) }

    init(_ scalars: String) { self.init(scalars.unicodeScalars.map { $0.value..<$0.value + 1 }) }

    /// The ranges of a generated table.
    init(table: StaticString) {
        var numbers = PackedNumbers(table)
        var ranges: [Range<UInt32>] = []
        numbers.forEachRange { ranges.append(UInt32($0.lowerBound)..<UInt32($0.upperBound)) }
        self.init(ranges)
    }

    var isEmpty: Bool { ranges.isEmpty }

    var count: Int { ranges.reduce(0) { $0 + $1.count } }

    func union(_ other: CodePointSet) -> CodePointSet { CodePointSet(ranges + other.ranges) }

    var inverted: CodePointSet {
        var result: [Range<UInt32>] = []
        var start: UInt32 = 0
        for range in ranges {
            result.append(start..<range.lowerBound)
            start = range.upperBound
        }
        result.append(start..<Self.limit)
        return CodePointSet(result)
    }

    func intersection(_ other: CodePointSet) -> CodePointSet { inverted.union(other.inverted).inverted }

    func contains(_ point: UInt32) -> Bool {
        var (low, high) = (0, ranges.count)
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound <= point { low = middle + 1 } else { high = middle }
        }
        return low < ranges.count && ranges[low].lowerBound <= point
    }
}
