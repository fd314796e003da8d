/// Finds what a mistyped name was meant to be, and words for saying so.
package enum NearestName {
    /// The ending of a message about a name that is not there: ": did you mean 'x'?" or the list of names.
    package static func hint(for name: String, among candidates: [String], plural: String) -> String {
        if let nearest = nearest(to: name, among: candidates) { return ": did you mean '\(nearest)'?" }
        if candidates.isEmpty { return ": there are no \(plural)" }
        let shown = candidates.prefix(20).map { "'\($0)'" }.joined(separator: ", ")
        return "; the \(plural) are \(shown)" + (candidates.count > 20 ? " and \(candidates.count - 20) more" : "")
    }

    /// The candidate nearest to `name`, unless all are too far away to be meant.
    package static func nearest(to name: String, among candidates: some Sequence<String>) -> String? {
        let wanted = name.lowercased()
        let limit = (wanted.count + 2) / 3
        let scored = candidates.map { (name: $0, distance: distance(wanted, $0.lowercased())) }
        return scored.filter { $0.distance <= limit }.min { ($0.distance, $0.name) < ($1.distance, $1.name) }?.name
    }

    /// The number of insertions, deletions, replacements and swaps of neighbours between two texts (optimal string alignment).
    static func distance(_ first: String, _ second: String) -> Int {
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
}
