/// Finds what a mistyped name was meant to be.
public enum EditDistance {
    /// The number of insertions, deletions, replacements and swaps of neighbours between two texts (optimal string alignment).
    public static func between(_ first: String, _ second: String) -> Int {
        let a = Array(first.utf8)
        let b = Array(second.utf8)
        guard !a.isEmpty, !b.isEmpty else { return max(a.count, b.count) }
        var beforeLast: [Int] = []
        var last = Array(0...b.count)
        for i in 1...a.count {
            var row = [i]
            for j in 1...b.count {
                let replacement = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)
                var best = min(last[j] + 1, row[j - 1] + 1, replacement)
                if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] { best = min(best, beforeLast[j - 2] + 1) }
                row.append(best)
            }
            beforeLast = last
            last = row
        }
        return last[b.count]
    }

    /// The candidate nearest to `name`, unless all are too far away to be meant.
    public static func nearest(to name: String, among candidates: some Sequence<String>) -> String? {
        let wanted = name.lowercased()
        let limit = (wanted.count + 2) / 3
        let scored = candidates.map { (name: $0, distance: between(wanted, $0.lowercased())) }
        return scored.filter { $0.distance <= limit }.min { ($0.distance, $0.name) < ($1.distance, $1.name) }?.name
    }
}
