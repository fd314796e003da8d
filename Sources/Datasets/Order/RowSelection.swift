import Prompting

/// Rows of data sets in an order of their own, read when they are asked for. Unusable rows are left out.
public struct RowSelection: RandomAccessCollection, Sendable {
    private let datasets: [LoadedDataset]
    /// The data set and row of each, as `dataset << 32 | row`.
    private let rows: [UInt64]
    /// The place of each before unusable rows were left out.
    private let places: [Int32]
    /// Number of rows before unusable rows were left out.
    public let numPlaces: Int

    /// - Parameter places: rows as indices into the concatenation of the data sets.
    init(_ datasets: [LoadedDataset], _ selected: [Int]) {
        var starts: [Int] = [], total = 0
        for dataset in datasets {
            starts.append(total)
            total += dataset.count
        }
        var rows: [UInt64] = [], places: [Int32] = []
        rows.reserveCapacity(selected.count)
        places.reserveCapacity(selected.count)
        for (place, index) in selected.enumerated() {
            // Few data sets: the last that starts at or before the row.
            let dataset = (starts.lastIndex { $0 <= index } ?? 0), row = index - starts[dataset]
            guard datasets[dataset].isKept(row) else { continue }
            rows.append(UInt64(dataset) << 32 | UInt64(row))
            places.append(Int32(place))
        }
        self.datasets = datasets
        self.rows = rows
        self.places = places
        numPlaces = selected.count
    }

    public var startIndex: Int { 0 }
    public var endIndex: Int { rows.count }

    /// Reads a row. One whose file was changed meanwhile is a row without messages.
    public subscript(position: Int) -> DataRow {
        let (dataset, row) = split(position)
        switch datasets[dataset].row(row) {
        case .kept(let row): return row
        case .dropped(_, let origin): return DataRow(conversation: .init(messages: []), origin: origin)
        }
    }

    /// Where a row is, without reading it.
    public func origin(_ position: Int) -> RowOrigin {
        let (dataset, row) = split(position)
        return datasets[dataset].origin(row)
    }

    /// The size of a row's texts; nil where tokens cannot be told from it, for the row has media or tools.
    public func textSize(_ position: Int) -> TextSize? {
        let (dataset, row) = split(position)
        return datasets[dataset].textSize(row)
    }

    private func split(_ position: Int) -> (dataset: Int, row: Int) {
        (Int(rows[position] >> 32), Int(rows[position] & 0xFFFF_FFFF))
    }

    /// The rows by batches of `size` places, as LLaMA-Factory maps its data: ranges of positions.
    public func batches(of size: Int) -> [Range<Int>] {
        var batches: [Range<Int>] = [], first = 0
        while first < rows.count {
            let batch = Int(places[first]) / size
            var end = first
            while end < rows.count, Int(places[end]) / size == batch { end += 1 }
            batches.append(first..<end)
            first = end
        }
        return batches
    }

    /// Adds what identifies the rows, their order included, to a hash.
    public func addIdentity(to hash: inout Fingerprint) {
        datasets.forEach { $0.identity.add(to: &hash) }
        rows.withUnsafeBytes { hash.add($0) }
        places.withUnsafeBytes { hash.add($0) }
    }
}
