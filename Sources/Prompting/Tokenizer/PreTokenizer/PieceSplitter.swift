/// Cuts text into pieces where a pattern matches.
struct PieceSplitter: Sendable {
    var pattern: PatternAutomaton
    var behavior: SplitBehavior
    /// Whether what lies between the matches counts as the match.
    var isInverted = false

    /// Calls `body` with the pieces of a range, in order; no piece is empty.
    @inline(__always)
    func split(
        _ bytes: UnsafePointer<UInt8>, _ first: Int, _ end: Int, _ body: (_ start: Int, _ end: Int) -> Void
    ) {
        guard behavior != .isolated else {
            pattern.forEachRange(bytes, from: first, to: end) { start, end, _ in
                if start < end { body(start, end) }
            }
            return
        }
        splitMerging(bytes, first, end, body)
    }

    private func splitMerging(_ bytes: UnsafePointer<UInt8>, _ first: Int, _ end: Int, _ body: (Int, Int) -> Void) {
        // The piece that what follows may still join; nil before the first.
        var open: (start: Int, end: Int, isMatch: Bool)?
        func close() {
            if let open, open.start < open.end { body(open.start, open.end) }
        }
        pattern.forEachRange(bytes, from: first, to: end) { start, end, found in
            let isMatch = found != isInverted
            let joins =
                switch behavior {
                case .removed, .isolated: false
                case .contiguous: open?.isMatch == isMatch
                case .mergedWithPrevious: isMatch && open?.isMatch == false
                case .mergedWithNext: !isMatch && open?.isMatch == true
                }
            if behavior == .removed {
                if !isMatch, start < end { body(start, end) }
            } else if joins, let start = open?.start {
                open = (start, end, isMatch)
            } else {
                close()
                open = (start, end, isMatch)
            }
        }
        close()
    }
}
