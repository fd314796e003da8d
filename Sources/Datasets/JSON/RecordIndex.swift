import JSON

/// Where the rows of a JSON file are, so that each is read when it is its turn: eight bytes a row stay in memory.
struct RecordIndex: Sendable {
    let file: MappedFile
    /// Where each row begins, and the end of the last.
    private(set) var offsets: [Int] = []
    /// The columns of all rows.
    private(set) var keys: Set<String> = []
    /// The file that the rows are from.
    private let path: String
    /// How rows are written: as the user may, or as this program does, which keeps NaN.
    private let dialect: JSONScanner.Dialect

    /// Rows that lie in `file` as JSON and are from the file at `path`.
    init(_ file: MappedFile, offsets: [Int], keys: Set<String>, path: String) {
        self.file = file
        self.offsets = offsets
        self.keys = keys
        self.path = path
        dialect = .python
    }

    /// Reads the file once, from beginning to end, and checks it.
    init(path: String, limit: Int?) throws(DataError) {
        file = try MappedFile(path: path)
        self.path = path
        dialect = .strict
        try RecordFile.refuseForeignFiles(file.bytes, path: path)
        var offsets: [Int] = [], keys: Set<String> = [], last: [String] = [], end = 0, forgotten = 0
        let file = file
        var reader = RecordReader(bytes: file.bytes, path: path, limit: limit ?? .max)
        try reader.read { members, range in
            offsets.append(range.lowerBound)
            end = range.upperBound
            // Rows mostly have the columns of the row before.
            if members.count != last.count || !zip(members, last).allSatisfy({ $0.key == $1 }) {
                last = members.map(\.key)
                keys.formUnion(last)
            }
            if end - forgotten > 8 << 20 {
                file.forget(forgotten..<end)
                forgotten = end
            }
        }
        file.forget(forgotten..<file.bytes.count)
        if !offsets.isEmpty { offsets.append(end) }
        self.offsets = offsets
        self.keys = keys
    }

    var count: Int { max(0, offsets.count - 1) }

    /// Reads a row again; one that is no row any more, for the file was changed meanwhile, has no columns.
    func record(_ index: Int) -> Record {
        let bytes = file.copy(offsets[index]..<offsets[index + 1])
        let members = bytes.withUnsafeBufferPointer { buffer -> [JSONMember] in
            var scanner = JSONScanner(buffer, dialect: dialect)
            return (try? scanner.readValue())?.members ?? []
        }
        return Record(members: members, row: index + 1, file: path)
    }
}
