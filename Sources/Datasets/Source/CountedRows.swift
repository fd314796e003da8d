/// The rows of one kind: how many, and the first of them.
public struct CountedRows: Sendable, Hashable {
    /// How many rows.
    public private(set) var count = 0
    /// The first of them.
    public private(set) var first: [RowOrigin] = []

    /// No rows yet.
    public init() {}

    mutating func add(_ row: RowOrigin) {
        count += 1
        if first.count < DataReport.maxNamedRows { first.append(row) }
    }

    mutating func add(_ other: CountedRows) {
        count += other.count
        first += other.first.prefix(max(0, DataReport.maxNamedRows - first.count))
    }

    /// "pets.json row 3; pets.json row 9; …" with the data sets' names.
    var places: String { first.map(\.description).joined(separator: "; ") + (count > first.count ? "; …" : "") }
}
