/// Words for "did you mean".
package enum NearestName {
    /// The ending of a message about a name that is not there: ": did you mean 'x'?" or the list of names.
    package static func hint(for name: String, among candidates: [String], plural: String) -> String {
        if let nearest = nearest(to: name, among: candidates) { return ": did you mean '\(nearest)'?" }
        if candidates.isEmpty { return ": there are no \(plural)" }
        let shown = candidates.prefix(20).map { "'\($0)'" }.joined(separator: ", ")
        return "; the \(plural) are \(shown)" + (candidates.count > 20 ? " and \(candidates.count - 20) more" : "")
    }

    /// The candidate with the fewest changed letters, if few enough.
    package static func nearest(to name: String, among candidates: [String]) -> String? {
        let wanted = name.lowercased()
        let scored = candidates.map { (name: $0, distance: distance(wanted, $0.lowercased())) }
        return scored.filter { $0.distance <= (wanted.count + 2) / 3 }.min {
            ($0.distance, $0.name) < ($1.distance, $1.name)
        }?
        .name
    }

    /// The number of insertions, deletions and replacements between two texts (Levenshtein).
    private static func distance(_ first: String, _ second: String) -> Int {
        let a = Array(first.utf8)
        let b = Array(second.utf8)
        guard !a.isEmpty, !b.isEmpty else { return max(a.count, b.count) }
        var last = Array(0...b.count)
        for i in 1...a.count {
            var row = [i]
            for j in 1...b.count {
                row.append(min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)))
            }
            last = row
        }
        return last[b.count]
    }
}
