/// A grammar as a machine over bytes whose states are made when they are first reached.
///
/// A state is a set of places in the grammar, each with the calls it has to return from: what a parser of all readings at
/// once would hold. Not thread-safe.
struct ByteMachine {
    static let dead: Int32 = -1
    private static let unknown: Int32 = -2
    /// Calls within calls; deeper nesting is not allowed to begin.
    private static let maxDepth = 200
    /// Readings of one state, and states altogether: more is a pattern made to be slow.
    private static let maxPlaces = 4000
    private static let maxStates = 20_000
    private static let maxPlacesOfAll = 2_000_000

    /// Node and stack.
    private typealias Place = UInt64

    private struct Frame: Hashable {
        let target: Int32
        let parent: Int32
    }

    private let grammar: Grammar
    private let end: Int32
    /// The last nodes of all rules.
    private let ends: Set<Int32>
    private var numPlaces = 0
    private var frames: [Frame] = []
    private var depths: [Int] = []
    private var frameIDs: [Frame: Int32] = [:]
    private var states: [[Place]] = []
    private var stateIDs: [[Place]: Int32] = [:]
    private var accepts: [Bool] = []
    private var transitions: [Int32] = []
    /// Steps of work so far, a measure of time.
    private(set) var work = 0
    let start: Int32 = 0

    /// - Parameter root: the rule that a whole text follows.
    init(_ grammar: Grammar, root: Int) {
        self.grammar = grammar
        end = grammar.rules[root].end
        ends = Set(grammar.rules.map(\.end))
        let first = closure([Self.place(grammar.rules[root].start, -1)])
        // An empty set comes from a rule that nothing fits: a state without way out.
        if first.isEmpty {
            states = [[]]
            accepts = [false]
            transitions = Array(repeating: Self.dead, count: 256)
        } else {
            _ = add(first)
        }
    }

    private static func place(_ node: Int32, _ stack: Int32) -> Place {
        UInt64(UInt32(bitPattern: node)) << 32 | UInt64(UInt32(bitPattern: stack))
    }

    /// Whether a text may end here.
    func canEnd(_ state: Int32) -> Bool { state >= 0 && accepts[Int(state)] }

    /// The state after a byte, or `dead`.
    @inline(__always)
    mutating func next(_ state: Int32, _ byte: UInt8) -> Int32 {
        let known = transitions[Int(state) << 8 | Int(byte)]
        return known == Self.unknown ? compute(state, byte) : known
    }

    private mutating func compute(_ state: Int32, _ byte: UInt8) -> Int32 {
        var targets: [Place] = []
        for place in states[Int(state)] {
            let node = Int(place >> 32)
            for edge in grammar.nodes[node].bytes where edge.range.contains(byte) {
                targets.append(UInt64(UInt32(bitPattern: edge.target)) << 32 | (place & 0xFFFF_FFFF))
            }
        }
        work += states[Int(state)].count + targets.count + 1
        let next = targets.isEmpty ? Self.dead : add(closure(targets))
        transitions[Int(state) << 8 | Int(byte)] = next
        return next
    }

    /// Everything that is reached without reading, of which only places that read or end are kept.
    private mutating func closure(_ places: [Place]) -> [Place] {
        var seen = Set(places)
        var open = places
        var kept: [Place] = []
        while let place = open.popLast() {
            work += 1
            let number = Int(place >> 32)
            let stack = Int32(truncatingIfNeeded: place & 0xFFFF_FFFF)
            let node = grammar.nodes[number]
            var next = node.silent.map { Self.place($0, stack) }
            for call in node.calls {
                let rule = grammar.rules[Int(call.rule)]
                // Returning to a node that itself only returns needs no frame.
                let target = grammar.nodes[Int(call.target)]
                let isLast = stack >= 0 && isEnd(call.target) && target.silent.isEmpty && target.calls.isEmpty
                if isLast {
                    next.append(Self.place(rule.start, stack))
                } else if let frame = push(call.target, stack) {
                    next.append(Self.place(rule.start, frame))
                }
            }
            let returns = isEnd(Int32(number))
            if returns, stack >= 0 {
                let frame = frames[Int(stack)]
                next.append(Self.place(frame.target, frame.parent))
            }
            if !node.bytes.isEmpty || (stack < 0 && Int32(number) == end) { kept.append(place) }
            for place in next where seen.count < Self.maxPlaces && seen.insert(place).inserted { open.append(place) }
        }
        return kept.sorted()
    }

    private func isEnd(_ node: Int32) -> Bool { ends.contains(node) }

    private mutating func push(_ target: Int32, _ parent: Int32) -> Int32? {
        let depth = parent < 0 ? 0 : depths[Int(parent)] + 1
        guard depth < Self.maxDepth else { return nil }
        let frame = Frame(target: target, parent: parent)
        if let id = frameIDs[frame] { return id }
        let id = Int32(frames.count)
        frames.append(frame)
        depths.append(depth)
        frameIDs[frame] = id
        return id
    }

    private mutating func add(_ places: [Place]) -> Int32 {
        if places.isEmpty { return Self.dead }
        if let id = stateIDs[places] { return id }
        guard states.count < Self.maxStates, numPlaces < Self.maxPlacesOfAll else { return Self.dead }
        numPlaces += places.count
        let id = Int32(states.count)
        states.append(places)
        stateIDs[places] = id
        accepts.append(places.contains(Self.place(end, -1)))
        transitions.append(contentsOf: repeatElement(Self.unknown, count: 256))
        return id
    }
}
