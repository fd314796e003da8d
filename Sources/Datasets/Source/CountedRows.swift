/// The rows of one kind: how many, and the first of them.
public struct CountedRows: Sendable, Hashable {
    /// A row, with what is its own, such as the path of its missing file.
    public struct Row: Sendable, Hashable {
        /// Where it is.
        public let origin: RowOrigin
        /// What is its own; nil where there is nothing to say.
        public let detail: String?
    }

    /// How many rows.
    public private(set) var count = 0
    /// The first of them.
    public private(set) var first: [Row] = []

    /// The rows that are named.
    private static let maxNamed = 5

    /// No rows yet.
    public init() {}

    mutating func add(_ origin: RowOrigin, detail: String? = nil) {
        count += 1
        if first.count < Self.maxNamed { first.append(Row(origin: origin, detail: detail)) }
    }

    mutating func add(_ other: CountedRows) {
        count += other.count
        first += other.first.prefix(Self.maxNamed - first.count)
    }

    /// "pets.json row 3, 9, more.json row 1: cat.jpg, …".
    ///
    /// - Parameter namesFile: false leaves out the file where it is one.
    public func places(namesFile: Bool = true) -> String {
        let files = Set(first.map(\.origin.file))
        var file = namesFile || files.count > 1 ? nil : files.first
        var places = first.map { row in
            let place = row.origin.file == file ? "\(row.origin.row)" : "\(row.origin.file) row \(row.origin.row)"
            file = row.origin.file
            return row.detail.map { "\(place): \($0)" } ?? place
        }
        if count > first.count { places.append("…") }
        return places.joined(separator: ", ")
    }
}
