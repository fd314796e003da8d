import JSON

/// Goes through the rows of a JSON file: a list of objects, or one object a line.
struct JSONRows: RowScanner {
    private enum Form {
        case unknown, list, lines, end
    }

    private let path: String
    private let maxRowBytes: Int
    private var scanner: JSONScanner
    private var form = Form.unknown
    /// Where the first row begins.
    private var first = 0
    private var count = 0
    /// The columns of the newest row: rows mostly have those of the row before.
    private var newest: [String] = []

    /// - Parameter file: outlives the scanner.
    init(_ file: MappedFile, maxRowBytes: Int) {
        path = file.path
        self.maxRowBytes = maxRowBytes
        let isMarked = file.bytes.starts(with: [0xEF, 0xBB, 0xBF])
        scanner = JSONScanner(file.bytes, from: isMarked ? 3 : 0, dialect: .strict)
    }

    func reader(of row: Int) -> RowReader { .json(.strict) }

    mutating func next(_ columns: inout Set<String>) throws(DataError) -> Range<Int>? {
        do {
            if case .unknown = form { try begin() }
            switch form {
            case .list: return try nextOfList(&columns)
            case .lines: return try nextLine(&columns)
            case .unknown, .end: return nil
            }
        } catch let mistake as JSONError {
            throw error(mistake)
        } catch let error as DataError {
            throw error
        } catch {
            throw DataError("\(error)", file: path)
        }
    }

    private mutating func begin() throws {
        switch scanner.peek() {
        case nil: throw DataError("the file is empty; it should hold a list of rows: [{…}, {…}]", file: path)
        case UInt8(ascii: "["):
            scanner.offset += 1
            if scanner.peek() == UInt8(ascii: "]") { throw DataError("the list has no rows", file: path) }
            form = .list
        case UInt8(ascii: "{"): form = .lines
        default:
            _ = try scanner.readValue()
            throw DataError("the file should hold a list of rows: [{…}, {…}], or one {…} a line", file: path)
        }
        first = scanner.offset
    }

    private mutating func nextOfList(_ columns: inout Set<String>) throws -> Range<Int> {
        scanner.skipSpace()
        let start = scanner.offset
        try take(try readRow(), at: start, &columns)
        let end = scanner.offset
        if try !hasMore() {
            form = .end
            if scanner.peek() != nil {
                throw scanner.failure(.content("there is more after the closing ] of the list: remove it"))
            }
        }
        return start..<end
    }

    private mutating func nextLine(_ columns: inout Set<String>) throws -> Range<Int>? {
        guard scanner.peek() != nil else {
            form = .end
            return nil
        }
        let start = scanner.offset
        let value = try readRow()
        if scanner.peek() == UInt8(ascii: ",") {
            throw scanner.failure(
                .content("one row a line has no commas between the rows: remove it, or put [ ] around all rows"))
        }
        let end = scanner.offset
        try take(value, at: start, &columns)
        if let byte = scanner.peek(), byte != UInt8(ascii: "{"), byte != UInt8(ascii: "[") {
            throw scanner.failure(.content("each line should hold one row {…} and nothing else"))
        }
        try refuseWhole(value)
        return start..<end
    }

    /// Refuses a file that is one object with the list of rows in it.
    private mutating func refuseWhole(_ value: JSONValue) throws {
        guard count == 1, path.lowercased().hasSuffix(".json"), scanner.peek() == nil,
            scanner.bytes[first..<min(scanner.offset, scanner.bytes.count)].contains(0x0A),
            let members = value.members, members.contains(where: { isRows($0.value) })
        else { return }
        let keys = members.map { "\"\($0.key)\"" }.joined(separator: ", ")
        throw DataError(
            "the file holds one object (with \(keys)) instead of a list of rows: keep the list inside it only, [{…}, {…}]",
            file: path)
    }

    /// Whether a value is a list of objects with several keys, such as a whole data set under one key.
    private func isRows(_ value: JSONValue) -> Bool {
        guard let rows = value.arrayValue, !rows.isEmpty else { return false }
        return rows.allSatisfy { $0.members != nil } && !rows.allSatisfy { $0["role"] != nil || $0["from"] != nil }
    }

    /// The next row; one longer than `maxRowBytes` is refused before more of it is read.
    private mutating func readRow() throws -> JSONValue {
        guard scanner.bytes.count - scanner.offset > maxRowBytes else { return try scanner.readValue() }
        let window = UnsafeBufferPointer(rebasing: scanner.bytes[..<(scanner.offset + maxRowBytes)])
        var windowed = JSONScanner(window, from: scanner.offset, dialect: .strict)
        do throws(JSONError) {
            let value = try windowed.readValue()
            scanner.offset = windowed.offset
            return value
        } catch {
            guard case .unfinished = error.kind else { throw error }
            throw DataError(RecordFile.tooLong(maxRowBytes), file: path, row: count + 1)
        }
    }

    private mutating func hasMore() throws(DataError) -> Bool {
        do throws(JSONError) { return try scanner.more(until: UInt8(ascii: "]")) } catch {
            throw self.error(error, list: "list of rows")
        }
    }

    private mutating func take(_ value: JSONValue, at offset: Int, _ columns: inout Set<String>) throws {
        guard let members = value.members else {
            let message = "a row should be an object {…}; this one is \(value.kind)"
            throw scanner.failure(.content(message), from: offset)
        }
        count += 1
        if members.count != newest.count || !zip(members, newest).allSatisfy({ $0.key == $1 }) {
            newest = members.map(\.key)
            columns.formUnion(newest)
        }
    }

    /// An error with its line and row.
    private func error(_ mistake: JSONError, list: String = "list") -> DataError {
        DataError(
            "\(mistake.remedy(list: list)) (column \(mistake.column))", file: path, line: mistake.line,
            row: count + 1)
    }
}
