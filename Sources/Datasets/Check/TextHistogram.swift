/// Numbers as bars of text, at most 80 columns wide.
struct TextHistogram {
    /// Longest line.
    static let width = 80
    private let counts: [Int]
    private let ranges: [ClosedRange<Int>]

    /// Puts numbers into at most ten ranges of the same size.
    init(_ numbers: [Int]) {
        guard let least = numbers.min(), let most = numbers.max() else {
            counts = []
            ranges = []
            return
        }
        let size = (most - least) / 10 + 1
        var counts = [Int](repeating: 0, count: (most - least) / size + 1)
        for number in numbers { counts[(number - least) / size] += 1 }
        self.counts = counts
        ranges = counts.indices.map { least + $0 * size...min(most, least + ($0 + 1) * size - 1) }
    }

    /// The bounds of each range, and how many numbers lie in it.
    var bars: [(label: String, count: Int)] {
        zip(ranges, counts).map { range, count in
            let isOne = range.lowerBound == range.upperBound
            return (isOne ? "\(range.lowerBound)" : "\(range.lowerBound)-\(range.upperBound)", count)
        }
    }

    /// A line for each range: its bounds, a bar, how many.
    func lines(indent: Int) -> [String] {
        let labels = bars.map(\.label)
        let labelWidth = labels.map(\.count).max() ?? 0
        let numberWidth = counts.map { "\($0)".count }.max() ?? 0
        let space = max(1, Self.width - indent - labelWidth - numberWidth - 4)
        let most = max(1, counts.max() ?? 1)
        return zip(labels, counts).map { label, count in
            let length = count == 0 ? 0 : max(1, count * space / most)
            let bar = String(repeating: "#", count: length)
            let pad = String(repeating: " ", count: indent + labelWidth - label.count)
            return "\(pad)\(label) | \(bar)\(length == 0 ? "" : " ")\(count)"
        }
    }
}
