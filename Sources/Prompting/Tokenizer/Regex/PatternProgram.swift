/// A pattern as steps that threads follow, in order of preference.
struct PatternProgram {
    enum Step {
        /// Takes one character of the set with this number.
        case take(Int, then: Int)
        /// Goes on at each of these; the first is preferred.
        case fork([Int])
        /// Goes on when the next character is in the set, or at the end.
        case look(Int, orEnd: Bool, then: Int)
        case match
    }

    private(set) var steps: [Step] = [.match]
    private(set) var start = 0
    private(set) var sets: [CodePointSet] = []
    private var numbers: [CodePointSet: Int] = [:]
    private static let maxSteps = 20_000

    init(_ node: PatternNode) throws(PatternParser.Failure) { start = try add(node, then: 0) }

    private mutating func append(_ step: Step) throws(PatternParser.Failure) -> Int {
        guard steps.count < Self.maxSteps else { throw PatternParser.Failure(message: "the pattern is too large") }
        steps.append(step)
        return steps.count - 1
    }

    private mutating func number(of set: CodePointSet) -> Int {
        if let known = numbers[set] { return known }
        sets.append(set)
        numbers[set] = sets.count - 1
        return sets.count - 1
    }

    /// Adds a node that goes on at `next` and says where it begins.
    private mutating func add(_ node: PatternNode, then next: Int) throws(PatternParser.Failure) -> Int {
        switch node {
        case .character(let set): return try append(.take(number(of: set), then: next))
        case .next(let set, let orEnd): return try append(.look(number(of: set), orEnd: orEnd, then: next))
        case .sequence(let nodes):
            var place = next
            for node in nodes.reversed() { place = try add(node, then: place) }
            return place
        case .alternatives(let nodes):
            var places: [Int] = []
            for node in nodes { places.append(try add(node, then: next)) }
            return try append(.fork(places))
        case .repeated(let node, let low, let high, let greed):
            return try add(node, low, high, greed, then: next)
        }
    }

    private mutating func add(
        _ node: PatternNode, _ low: Int, _ high: Int?, _ greed: PatternNode.Greed, then next: Int
    ) throws(PatternParser.Failure) -> Int {
        // A possessive repeat may only be left where it cannot go on.
        var exit = next
        if greed == .possessive, case .character(let set) = node {
            exit = try append(.look(number(of: set.inverted), orEnd: true, then: next))
        }
        var place: Int
        if let high {
            place = high == low ? next : exit
            for count in stride(from: high, to: low, by: -1) {
                let more = try add(node, then: count == high ? next : place)
                place = try append(.fork(greed == .lazy ? [exit, more] : [more, exit]))
            }
        } else {
            place = try append(.fork([]))
            let more = try add(node, then: place)
            steps[place] = .fork(greed == .lazy ? [exit, more] : [more, exit])
        }
        for _ in 0..<low { place = try add(node, then: place) }
        return place
    }
}
