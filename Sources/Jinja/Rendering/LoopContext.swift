/// What `loop` is inside a loop.
final class LoopContext: Value.Object {
    private let loop: ForLoop
    private let scope: Scope
    private let depth0: Int
    private let filter: ((Value) throws -> Bool)?
    private let items: [Value]
    /// The next item to look at.
    private var place = 0
    /// Items that passed the filter but were not yet gone through.
    private var waiting: [Value] = []
    private var index0 = -1
    private var previous: Value?
    private var current: Value?
    private var lastChanged: [Value]?

    init(
        _ loop: ForLoop, _ items: [Value], filter: ((Value) throws -> Bool)?, depth: Int, _ scope: Scope
    ) {
        self.loop = loop
        self.items = items
        self.filter = filter
        depth0 = depth
        self.scope = scope
    }

    var typeName: String { "LoopContext" }

    /// The next item; nil at the end.
    func advance() throws -> Value? {
        guard let item = waiting.isEmpty ? try pull() : waiting.removeFirst() else { return nil }
        previous = current
        current = item
        index0 += 1
        return item
    }

    private func pull() throws -> Value? {
        while place < items.count {
            place += 1
            if try filter?(items[place - 1]) ?? true { return items[place - 1] }
        }
        return nil
    }

    private func peek() throws -> Value? {
        if waiting.isEmpty, let item = try pull() { waiting.append(item) }
        return waiting.first
    }

    private func length() throws -> Int {
        guard filter != nil else { return items.count }
        while let item = try pull() { waiting.append(item) }
        return index0 + 1 + waiting.count
    }

    func attribute(_ name: String, _ renderer: Renderer) throws -> Value? {
        switch name {
        case "index": .int(index0 + 1)
        case "index0": .int(index0)
        case "first": .bool(index0 == 0)
        case "last": .bool(try peek() == nil)
        case "length": .int(try length())
        case "revindex": .int(try length() - index0)
        case "revindex0": .int(try length() - index0 - 1)
        case "depth": .int(depth0 + 1)
        case "depth0": .int(depth0)
        case "previtem": previous ?? .undefined(Undefined("there is no previous item"))
        case "nextitem": try peek() ?? .undefined(Undefined("there is no next item"))
        case "cycle":
            .object(
                Function("cycle") { [index0] arguments, _ in
                    guard !arguments.positional.isEmpty else { throw JinjaError("loop.cycle() needs items") }
                    return arguments.positional[index0 % arguments.positional.count]
                })
        case "changed":
            .object(
                Function("changed") { [self] arguments, renderer in
                    let values = arguments.positional
                    if let lastChanged, lastChanged.count == values.count,
                        try zip(lastChanged, values).allSatisfy({ try renderer.areEqual($0, $1) })
                    {
                        return .bool(false)
                    }
                    lastChanged = values
                    return .bool(true)
                })
        default: nil
        }
    }

    /// A recursive loop goes through other items one level deeper.
    func call(_ arguments: Arguments, _ renderer: Renderer) throws -> Value {
        guard loop.isRecursive else { throw JinjaError("a loop has to be marked recursive to be called") }
        let items = try renderer.iterate(try arguments.bindOne("iterable", function: "loop"))
        return .string(try renderer.collect { try renderer.run(loop, over: items, depth: depth0 + 1, scope) })
    }
}
