/// What one picture shows: four slots (two rows of two), each empty or with one kind of thing and its count.
struct Scene: Sendable, Equatable {
    /// A kind of thing and how many of it there are; the number stands in the slot's outer corner.
    struct Item: Sendable, Equatable {
        var kind: ItemKind
        /// One of `Scene.counts`.
        var count: Int
    }

    /// How many things of a kind there may be.
    static let counts = 1...6

    /// Upper left, upper right, lower left, lower right.
    var slots: [Item?]

    /// The items in reading order.
    var items: [Item] { slots.compactMap { $0 } }

    /// How many things of `kind` the picture shows: 0 when it shows none.
    func count(of kind: ItemKind) -> Int {
        items.first { $0.kind == kind }?.count ?? 0
    }

    /// Two to four different kinds in random slots, with counts from `counts`.
    static func random(using random: inout DemoRandom) -> Scene {
        let numKinds = random.pick([2, 3, 3, 4, 4, 4])
        let kinds = random.shuffled(ItemKind.allCases).prefix(numKinds)
        let places = random.shuffled([0, 1, 2, 3])
        var slots: [Item?] = [nil, nil, nil, nil]
        for (kind, place) in zip(kinds, places) {
            slots[place] = Item(kind: kind, count: random.integer(counts))
        }
        return Scene(slots: slots)
    }
}
