/// A regular expression as a deterministic automaton over classes of characters: one table look-up a character, no
/// backtracking, the same matches as Oniguruma's (the leftmost, of its alternatives the first that matches).
///
/// Look-ahead of one character costs nothing: whether a match ends before a character is decided when it is read.
final class PatternAutomaton: @unchecked Sendable {  // The memory is written in `init` only.
    private let numClasses: Int
    /// Blocks of 128 classes, the first one is ASCII, and which block holds the code points with the same upper bits.
    private let classes: UnsafePointer<UInt8>
    private let blocks: UnsafePointer<UInt16>
    /// Row of a state, then a column for each class and one for the end of the text. An entry is the next state's row,
    /// doubled, plus one when a match ends before this character; row 0 is the dead state.
    private let table: UnsafePointer<Int32>
    private let startRow: Int32
    private static let maxStates = 4096

    convenience init(_ pattern: String) throws(PatternParser.Failure) { try self.init(PatternParser.parse(pattern)) }

    init(_ node: PatternNode) throws(PatternParser.Failure) {
        let program = try PatternProgram(node)
        guard let map = CharacterClassMap(program.sets) else {
            throw PatternParser.Failure(message: "the pattern tells too many kinds of characters apart")
        }
        // Membership of each class in each set, once.
        let members = program.sets.map { set in map.examples.map { set.contains($0) } + [false] }
        let width = map.count + 1
        var states: [[Int]: Int32] = [[]: 0, [program.start]: Int32(width)]
        var pending = [[program.start]]
        var table = [Int32](repeating: 0, count: 2 * width)
        var row = width
        while row < table.count {
            let threads = pending[row / width - 1]
            for column in 0..<width {
                let (next, isMatch) = Self.step(threads, program, members, column, isEnd: column == map.count)
                var target = states[next]
                if target == nil {
                    guard states.count < Self.maxStates else {
                        throw PatternParser.Failure(message: "the pattern has too many states")
                    }
                    target = Int32(table.count)
                    states[next] = target
                    pending.append(next)
                    table += [Int32](repeating: 0, count: width)
                }
                table[row + column] = (target ?? 0) << 1 | (isMatch ? 1 : 0)
            }
            row += width
        }
        self.table = Self.copy(table)
        classes = Self.copy(map.classes)
        blocks = Self.copy(map.blocks)
        numClasses = map.count
        startRow = Int32(width)
    }

    deinit {
        table.deallocate()
        classes.deallocate()
        blocks.deallocate()
    }

    private static func copy<Element>(_ items: [Element]) -> UnsafePointer<Element> {
        let memory = UnsafeMutableBufferPointer<Element>.allocate(capacity: max(items.count, 1))
        _ = memory.initialize(from: items)
        return UnsafePointer(memory.baseAddress.unsafelyUnwrapped)  // Never empty.
    }

    /// What the threads become with a character of a class, in order of preference, and whether one of them ended
    /// before it; those after that one are given up.
    private static func step(
        _ threads: [Int], _ program: PatternProgram, _ members: [[Bool]], _ column: Int, isEnd: Bool
    ) -> (next: [Int], isMatch: Bool) {
        var next: [Int] = []
        var seen: Set<Int> = []
        var taken: Set<Int> = []
        var stack = Array(threads.reversed())
        while let place = stack.popLast() {
            guard seen.insert(place).inserted else { continue }
            switch program.steps[place] {
            case .match: return (next, true)
            case .fork(let places): stack += places.reversed()
            case .look(let set, let orEnd, let then):
                if isEnd ? orEnd : members[set][column] { stack.append(then) }
            case .take(let set, let then):
                if members[set][column], taken.insert(then).inserted { next.append(then) }
            }
        }
        return (next, false)
    }

    /// Finds the matches of valid UTF-8 from left to right, each from the end of the one before.
    ///
    /// - Parameter body: called with the ranges between and of the matches, in order and without gaps; empty ranges
    ///   only where an empty match is.
    @inline(__always)
    func forEachRange(
        _ bytes: UnsafePointer<UInt8>, from first: Int, to end: Int,
        _ body: (_ start: Int, _ end: Int, _ isMatch: Bool) -> Void
    ) {
        var done = first
        var start = first
        while start < end {
            let found = matchEnd(bytes, start, end)
            if found < 0 || found == start {
                let length = CharacterClasses.codePoint(bytes, start).length
                if found == start, found > done || done == first {
                    if done < start { body(done, start, false) }
                    body(start, start, true)
                    done = start
                }
                start += length
            } else {
                if done < start { body(done, start, false) }
                body(start, found, true)
                start = found
                done = found
            }
        }
        if done < end { body(done, end, false) }
    }

    /// The end of the match that starts at `start`, -1 when there is none.
    @inline(__always)
    private func matchEnd(_ bytes: UnsafePointer<UInt8>, _ start: Int, _ end: Int) -> Int {
        let (table, classes, blocks) = (table, classes, blocks)
        var row = Int(startRow)
        var position = start
        var found = -1
        while position < end {
            let byte = bytes[position]
            let kind: Int
            let length: Int
            if byte < 0x80 {
                kind = Int(classes[Int(byte)])
                length = 1
            } else {
                let (point, size) = CharacterClasses.codePoint(bytes, position)
                kind = Int(classes[Int(blocks[point &>> 7]) &<< 7 | point & 127])
                length = size
            }
            let entry = Int(table[row &+ kind])
            if entry & 1 != 0 { found = position }
            row = entry &>> 1
            if row == 0 { return found }
            position &+= length
        }
        return table[row &+ numClasses] & 1 != 0 ? end : found
    }
}
