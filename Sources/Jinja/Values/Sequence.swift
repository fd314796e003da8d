extension Value {
    /// A list, a tuple, a view of a dictionary, or values that can be gone through once.
    final class Sequence {
        enum Kind: String {
            case list, tuple, generator
            case keys = "dict_keys"
            case values = "dict_values"
            case items = "dict_items"
        }

        let kind: Kind
        private(set) var items: [Value]
        let depth: Int
        /// How many items of a generator were taken one by one.
        private var numTaken = 0
        /// Names of the items, for what groupby gives.
        let fields: [String]

        /// - Throws: when containers are nested too deeply.
        init(_ kind: Kind, _ items: [Value], fields: [String] = []) throws {
            self.kind = kind
            self.fields = fields
            self.items = items
            depth = try Self.depth(over: items)
        }

        /// For input, whose depth its own parser bounds.
        init(_ kind: Kind, trusted items: [Value]) {
            self.kind = kind
            fields = []
            self.items = items
            depth = 1 + (items.lazy.map(\.depth).max() ?? 0)
        }

        /// What is left of a generator, which is empty from then on; all items of another kind.
        func take() -> [Value] {
            guard kind == .generator else { return items }
            defer { items = [] }
            return Array(items.dropFirst(numTaken))
        }

        /// The first item, which a generator then no longer has.
        func takeFirst() -> Value? {
            guard kind == .generator else { return items.first }
            guard numTaken < items.count else { return nil }
            numTaken += 1
            return items[numTaken - 1]
        }

        static let maxDepth = 150

        static func depth(over items: some Swift.Sequence<Value>) throws -> Int {
            let depth = 1 + (items.lazy.map(\.depth).max() ?? 0)
            guard depth <= maxDepth else {
                throw JinjaError(.limit, "lists and dictionaries are nested deeper than \(maxDepth)")
            }
            return depth
        }
    }
}
