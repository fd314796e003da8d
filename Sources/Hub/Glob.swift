/// A shell pattern: * and ? stand for any characters, [a-z] and [!a-z] for one of a set.
struct Glob {
    private let pattern: [Character]
    private let crossesFolders: Bool

    /// - Parameter crossesFolders: whether * also matches "/" (Python's fnmatch); otherwise only ** does.
    init(_ pattern: String, crossesFolders: Bool = true) {
        self.pattern = Array(pattern)
        self.crossesFolders = crossesFolders
    }

    /// Whether the whole of a path matches.
    func matches(_ path: String) -> Bool {
        let text = Array(path)
        // Row by row: `reachable[i]` tells whether the pattern so far can match the first i characters. Linear in both.
        var reachable = [Bool](repeating: false, count: text.count + 1)
        reachable[0] = true
        var position = 0
        while position < pattern.count {
            var next = [Bool](repeating: false, count: text.count + 1)
            if pattern[position] == "*" {
                var isDouble = false
                while position < pattern.count, pattern[position] == "*" {
                    isDouble = isDouble || (position + 1 < pattern.count && pattern[position + 1] == "*")
                    position += 1
                }
                // "**/" also stands for no folder at all.
                let skipsSlash = isDouble && !crossesFolders && position < pattern.count && pattern[position] == "/"
                var isOpen = false
                for index in 0...text.count {
                    if index > 0, text[index - 1] == "/", !crossesFolders, !isDouble { isOpen = false }
                    isOpen = isOpen || reachable[index]
                    next[index] = isOpen
                }
                if skipsSlash {
                    position += 1
                    var afterSlash = reachable
                    for index in 0..<text.count where text[index] == "/" && next[index] { afterSlash[index + 1] = true }
                    next = afterSlash
                }
            } else {
                let (end, test) = single(at: position)
                for index in text.indices where reachable[index] && test(text[index]) { next[index + 1] = true }
                position = end
            }
            reachable = next
        }
        return reachable[text.count]
    }

    private func single(at position: Int) -> (end: Int, test: (Character) -> Bool) {
        let character = pattern[position]
        if character == "?" { return (position + 1, { crossesFolders || $0 != "/" }) }
        guard character == "[", let close = pattern[min(position + 2, pattern.count)...].firstIndex(of: "]") else {
            return (position + 1, { $0 == character })
        }
        var members = pattern[(position + 1)..<close]
        let isNegated = members.first == "!" || members.first == "^"
        if isNegated { members = members.dropFirst() }
        let set = Array(members)
        return (
            close + 1,
            { candidate in
                var isMember = false
                var index = 0
                while index < set.count {
                    if index + 2 < set.count, set[index + 1] == "-", set[index] <= set[index + 2] {
                        isMember = isMember || (set[index]...set[index + 2]).contains(candidate)
                        index += 3
                    } else {
                        isMember = isMember || set[index] == candidate
                        index += 1
                    }
                }
                return isMember != isNegated
            }
        )
    }
}
