/// What may be written, in bytes. Rules may call each other and themselves.
indirect enum Expression: Sendable {
    case empty
    /// One byte of a range.
    case byte(ClosedRange<UInt8>)
    case sequence([Expression])
    case choice([Expression])
    /// At least `least` times, at most `most` times.
    case repeated(Expression, least: Int, most: Int?)
    case rule(Int)

    static func text(_ text: String) -> Expression { .sequence(text.utf8.map { .byte($0...$0) }) }
    static func optional(_ expression: Expression) -> Expression { .choice([expression, .empty]) }
}

/// Rules as networks of nodes: edges read a byte, read nothing, or call another rule.
struct Grammar: Sendable {
    struct Node: Sendable {
        var bytes: [(range: ClosedRange<UInt8>, target: Int32)] = []
        var silent: [Int32] = []
        var calls: [(rule: Int32, target: Int32)] = []
    }

    /// Beyond this a pattern or schema is refused: it would take memory and time that others need.
    static let maxNodes = 300_000

    private(set) var nodes: [Node] = []
    /// Start and end node of each rule.
    private(set) var rules: [(start: Int32, end: Int32)] = []

    /// A rule that is written later.
    mutating func addRule() throws(ConstraintError) -> Int {
        rules.append((try addNode(), try addNode()))
        return rules.count - 1
    }

    mutating func define(_ rule: Int, as expression: Expression) throws(ConstraintError) {
        try add(expression, from: rules[rule].start, to: rules[rule].end)
    }

    mutating func addRule(_ expression: Expression) throws(ConstraintError) -> Int {
        let rule = try addRule()
        try define(rule, as: expression)
        return rule
    }

    private mutating func addNode() throws(ConstraintError) -> Int32 {
        guard nodes.count < Self.maxNodes else {
            throw ConstraintError("is too large: repetitions and lengths multiply to more than \(Self.maxNodes) states")
        }
        nodes.append(Node())
        return Int32(nodes.count - 1)
    }

    private mutating func add(_ expression: Expression, from: Int32, to: Int32) throws(ConstraintError) {
        switch expression {
        case .empty: nodes[Int(from)].silent.append(to)
        case .byte(let range): nodes[Int(from)].bytes.append((range, to))
        case .rule(let rule): nodes[Int(from)].calls.append((Int32(rule), to))
        case .choice(let options): for option in options { try add(option, from: from, to: to) }
        case .sequence(let parts):
            guard let last = parts.last else { return nodes[Int(from)].silent.append(to) }
            var place = from
            for part in parts.dropLast() {
                let next = try addNode()
                try add(part, from: place, to: next)
                place = next
            }
            try add(last, from: place, to: to)
        case .repeated(let part, let least, let most): try addRepeated(part, least, most, from: from, to: to)
        }
    }

    private mutating func addRepeated(
        _ part: Expression, _ least: Int, _ most: Int?, from: Int32, to: Int32
    ) throws(ConstraintError) {
        var place = from
        for _ in 0..<least {
            let next = try addNode()
            try add(part, from: place, to: next)
            place = next
        }
        guard let most else {
            // A node of its own, so that nothing loops back into what stood before.
            let loop = try addNode()
            nodes[Int(place)].silent.append(loop)
            try add(part, from: loop, to: loop)
            nodes[Int(loop)].silent.append(to)
            return
        }
        for _ in least..<max(least, most) {
            nodes[Int(place)].silent.append(to)
            let next = try addNode()
            try add(part, from: place, to: next)
            place = next
        }
        nodes[Int(place)].silent.append(to)
    }

    /// Refuses rules that call themselves before they have read anything: they would never end.
    func checkCalls() throws(ConstraintError) {
        var canBeEmpty = Array(repeating: false, count: rules.count)
        var heads = Array(repeating: Set<Int>(), count: rules.count)
        var changed = true
        while changed {
            changed = false
            for rule in rules.indices {
                let (called, reachesEnd) = head(rule, canBeEmpty)
                if called != heads[rule] || reachesEnd != canBeEmpty[rule] {
                    heads[rule] = called
                    canBeEmpty[rule] = reachesEnd
                    changed = true
                }
            }
        }
        // 0 not seen, 1 on the way, 2 done.
        var marks = Array(repeating: 0, count: rules.count)
        for root in rules.indices where marks[root] == 0 {
            var path: [(rule: Int, rest: [Int])] = [(root, Array(heads[root]))]
            marks[root] = 1
            while let top = path.last {
                guard let next = top.rest.last else {
                    marks[top.rule] = 2
                    path.removeLast()
                    continue
                }
                path[path.count - 1].rest.removeLast()
                if marks[next] == 1 { throw ConstraintError("refers to itself without an end") }
                if marks[next] == 0 {
                    marks[next] = 1
                    path.append((next, Array(heads[next])))
                }
            }
        }
    }

    /// Takes away what can be begun but never ended: an object that must hold an object of its own kind, and so on.
    ///
    /// - Throws: when nothing is left.
    mutating func removeEndless(root: Int) throws(ConstraintError) {
        // Who waits for a node to turn out to lead to its rule's end: a node, and the other node it needs as well.
        var waiting: [[(node: Int32, needs: Int32)]] = Array(repeating: [], count: nodes.count)
        for (number, node) in nodes.enumerated() {
            let number = Int32(number)
            for edge in node.bytes { waiting[Int(edge.target)].append((number, edge.target)) }
            for target in node.silent { waiting[Int(target)].append((number, target)) }
            for call in node.calls {
                let start = rules[Int(call.rule)].start
                waiting[Int(call.target)].append((number, start))
                waiting[Int(start)].append((number, call.target))
            }
        }
        var ends = Array(repeating: false, count: nodes.count)
        var open = rules.map(\.end)
        for node in open { ends[Int(node)] = true }
        while let node = open.popLast() {
            for (earlier, needs) in waiting[Int(node)] where !ends[Int(earlier)] && ends[Int(needs)] {
                ends[Int(earlier)] = true
                open.append(earlier)
            }
        }
        guard ends[Int(rules[root].start)] else { throw ConstraintError("refers to itself without an end") }
        for number in nodes.indices {
            nodes[number].bytes.removeAll { !ends[Int($0.target)] }
            nodes[number].silent.removeAll { !ends[Int($0)] }
            nodes[number].calls.removeAll { !ends[Int($0.target)] || !ends[Int(rules[Int($0.rule)].start)] }
        }
    }

    /// The rules that a rule may call before it reads, and whether it may read nothing.
    private func head(_ rule: Int, _ canBeEmpty: [Bool]) -> (Set<Int>, Bool) {
        var seen: Set<Int32> = [rules[rule].start]
        var open = [rules[rule].start]
        var called: Set<Int> = []
        while let node = open.popLast() {
            var next = nodes[Int(node)].silent
            for call in nodes[Int(node)].calls {
                called.insert(Int(call.rule))
                if canBeEmpty[Int(call.rule)] { next.append(call.target) }
            }
            for target in next where seen.insert(target).inserted { open.append(target) }
        }
        return (called, seen.contains(rules[rule].end))
    }
}
