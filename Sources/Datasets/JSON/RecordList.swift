import JSON

/// The rows of a data set's files, one after another, read when they are asked for.
struct RecordList: RandomAccessCollection, Sendable {
    private enum Part: Sendable {
        case index(RecordIndex)
        case rows([Record])

        var count: Int {
            switch self {
            case .index(let index): index.count
            case .rows(let rows): rows.count
            }
        }
    }

    /// The columns of all rows.
    private(set) var keys: Set<String> = []
    private var parts: [Part] = []
    /// The number of the first row of each part.
    private var starts: [Int] = []
    /// The rows that were drawn, in order; nil is all.
    private var drawn: [Int32]?
    private var numRows = 0

    var startIndex: Int { 0 }
    var endIndex: Int { drawn?.count ?? numRows }

    subscript(position: Int) -> Record {
        let (part, row) = place(position)
        switch part {
        case .index(let index): return index.record(row)
        case .rows(let rows): return rows[row]
        }
    }

    /// The file and number of a row, without reading it.
    func origin(_ position: Int) -> (file: String, row: Int) {
        let (part, row) = place(position)
        switch part {
        case .index(let index): return (index.path, row + 1)
        case .rows(let rows): return (rows[row].file, rows[row].row)
        }
    }

    private func place(_ position: Int) -> (part: Part, row: Int) {
        let row = drawn.map { Int($0[position]) } ?? position
        let part = starts.count == 1 ? 0 : (starts.firstIndex { $0 > row } ?? starts.count) - 1
        return (parts[part], row - starts[part])
    }

    mutating func append(_ index: RecordIndex) {
        keys.formUnion(index.keys)
        append(.index(index))
    }

    mutating func append(_ rows: [Record]) {
        for row in rows { keys.formUnion(row.members.map(\.key)) }
        append(.rows(rows))
    }

    private mutating func append(_ part: Part) {
        guard part.count > 0 else { return }
        starts.append(numRows)
        parts.append(part)
        numRows += part.count
    }

    /// The rows of these numbers, in this order.
    func selecting(_ rows: some Sequence<Int>) -> RecordList {
        var list = self
        list.drawn = rows.map { row in drawn.map { $0[row] } ?? Int32(row) }
        return list
    }
}
