import CArrow
import JSON

/// The values of one column of a batch. The batch must outlive it; Arrow has checked every offset and text of it.
struct ArrowColumn {
    private let type: ArrowType
    private let array: ArrowArray
    private let children: [ArrowColumn]
    /// The values of a dictionary, made once: rows share them.
    private let shared: [JSONValue]

    /// - Throws: an error of `media` when a dictionary holds bytes that cannot be saved.
    init(_ type: ArrowType, _ array: ArrowArray, _ media: inout EmbeddedMedia) throws(DataError) {
        self.type = type
        self.array = array
        func child(_ index: Int) -> ArrowArray? {
            index < array.n_children ? array.children?[index]?.pointee : nil
        }
        var columns: [ArrowColumn] = []
        var shared: [JSONValue] = []
        switch type {
        case .list(let element, _), .fixedList(let element, _):
            if let values = child(0) { columns = [try ArrowColumn(element, values, &media)] }
        case .structure(let members):
            for (index, member) in members.enumerated() {
                if let values = child(index) { columns.append(try ArrowColumn(member.type, values, &media)) }
            }
        case .map(let key, let value):
            if let pairs = child(0), pairs.n_children == 2, let keys = pairs.children?[0]?.pointee,
                let values = pairs.children?[1]?.pointee
            {
                columns = [try ArrowColumn(key, keys, &media), try ArrowColumn(value, values, &media)]
            }
        case .dictionary(_, let values):
            if let dictionary = array.dictionary?.pointee {
                let column = try ArrowColumn(values, dictionary, &media)
                for index in 0..<Int(dictionary.length) { shared.append(try column.value(at: index, &media)) }
            }
        default: break
        }
        children = columns
        self.shared = shared
    }

    /// The value of a row, counted from the array's own offset.
    func value(at row: Int, _ media: inout EmbeddedMedia) throws(DataError) -> JSONValue {
        let index = row + Int(array.offset)
        guard isValid(index) else { return .null }
        switch type {
        case .null: return .null
        case .bool: return .bool(bit(of: 1, index))
        case .int(let numBytes, let isSigned): return whole(index, numBytes, isSigned)
        case .float(2): return .double(Double(load(1, index, as: Float16.self)))
        case .float(4): return .double(Double(load(1, index, as: Float.self)))
        case .float: return .double(load(1, index, as: Double.self))
        case .decimal(let scale, let numBytes):
            return .string(ArrowText.decimal(wide(index, numBytes), scale: scale))
        case .text(_, let isBinary), .textView(let isBinary):
            return try media.value(bytes(at: index), isBinary: isBinary)
        case .fixedBytes: return try media.value(bytes(at: index), isBinary: true)
        case .date: return .string(ArrowText.date(days: Int(load(1, index, as: Int32.self))))
        case .longDate:
            return .string(ArrowText.date(days: ArrowText.floor(Int(load(1, index, as: Int64.self)), 86_400_000)))
        case .timestamp(let units, let hasZone):
            let value = Int(load(1, index, as: Int64.self))
            return .string(ArrowText.timestamp(value, unitsPerSecond: units, hasZone: hasZone))
        case .time(let units, let numBytes):
            let value = numBytes == 4 ? Int(load(1, index, as: Int32.self)) : Int(load(1, index, as: Int64.self))
            return .string(ArrowText.time(value, unitsPerSecond: units))
        case .duration: return .int(Int(load(1, index, as: Int64.self)))
        case .list, .map, .fixedList: return try list(index, &media)
        case .structure(let members): return try object(index, members.map(\.name), &media)
        case .dictionary(let key, _):
            guard case .int(let numBytes, let isSigned) = key, let position = whole(index, numBytes, isSigned).intValue,
                shared.indices.contains(position)
            else { return .null }
            return shared[position]
        }
    }

    private func isValid(_ index: Int) -> Bool {
        if case .null = type { return false }
        guard array.null_count != 0, array.n_buffers > 0, array.buffers?[0] != nil else { return true }
        return bit(of: 0, index)
    }

    private func bit(of buffer: Int, _ index: Int) -> Bool {
        guard let bits = array.buffers?[buffer] else { return false }
        return bits.load(fromByteOffset: index >> 3, as: UInt8.self) >> UInt8(index & 7) & 1 == 1
    }

    private func load<Value: BitwiseCopyable & ExpressibleByIntegerLiteral>(
        _ buffer: Int, _ index: Int, as: Value.Type
    ) -> Value {
        array.buffers?[buffer]?.loadUnaligned(fromByteOffset: index * MemoryLayout<Value>.size, as: Value.self) ?? 0
    }

    private func whole(_ index: Int, _ numBytes: Int, _ isSigned: Bool) -> JSONValue {
        switch (numBytes, isSigned) {
        case (1, true): return .int(Int(load(1, index, as: Int8.self)))
        case (1, false): return .int(Int(load(1, index, as: UInt8.self)))
        case (2, true): return .int(Int(load(1, index, as: Int16.self)))
        case (2, false): return .int(Int(load(1, index, as: UInt16.self)))
        case (4, true): return .int(Int(load(1, index, as: Int32.self)))
        case (4, false): return .int(Int(load(1, index, as: UInt32.self)))
        case (_, true): return .int(Int(load(1, index, as: Int64.self)))
        default:
            let value = load(1, index, as: UInt64.self)
            return Int(exactly: value).map(JSONValue.int) ?? .largeInt(String(value))
        }
    }

    private func wide(_ index: Int, _ numBytes: Int) -> Int128 {
        switch numBytes {
        case 4: Int128(load(1, index, as: Int32.self))
        case 8: Int128(load(1, index, as: Int64.self))
        default: load(1, index, as: Int128.self)
        }
    }

    private func offsets(_ index: Int, _ offsetBytes: Int) -> Range<Int> {
        if offsetBytes == 4 {
            return Int(load(1, index, as: Int32.self))..<Int(load(1, index + 1, as: Int32.self))
        }
        return Int(load(1, index, as: Int64.self))..<Int(load(1, index + 1, as: Int64.self))
    }

    private func bytes(at index: Int) -> UnsafeRawBufferPointer {
        switch type {
        case .text(let offsetBytes, _):
            let range = offsets(index, offsetBytes)
            guard let data = array.buffers?[2], !range.isEmpty else {
                return UnsafeRawBufferPointer(start: nil, count: 0)
            }
            return UnsafeRawBufferPointer(start: data + range.lowerBound, count: range.count)
        case .fixedBytes(let count):
            return UnsafeRawBufferPointer(start: array.buffers?[1].map { $0 + index * count }, count: count)
        default: return view(index)
        }
    }

    /// A view holds its length, then 12 bytes of text, or 4 and the number and offset of the buffer that has all of it.
    private func view(_ index: Int) -> UnsafeRawBufferPointer {
        let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
        guard let views = array.buffers?[1] else { return nothing }
        let start = views + index * 16
        let count = Int(start.loadUnaligned(as: Int32.self))
        if count <= 12 { return UnsafeRawBufferPointer(start: start + 4, count: count) }
        let buffer = Int(start.loadUnaligned(fromByteOffset: 8, as: Int32.self))
        let offset = Int(start.loadUnaligned(fromByteOffset: 12, as: Int32.self))
        guard let data = array.buffers?[2 + buffer] else { return nothing }
        return UnsafeRawBufferPointer(start: data + offset, count: count)
    }

    private func list(_ index: Int, _ media: inout EmbeddedMedia) throws(DataError) -> JSONValue {
        let range: Range<Int>
        switch type {
        case .list(_, let offsetBytes): range = offsets(index, offsetBytes)
        case .fixedList(_, let count): range = index * count..<(index + 1) * count
        default: range = offsets(index, 4)
        }
        guard let first = children.first else { return .array([]) }
        if case .map = type, children.count == 2 {
            var members: [JSONMember] = []
            for row in range {
                let key = try first.value(at: row + pairOffset, &media)
                members.append(JSONMember(key.pythonText, try children[1].value(at: row + pairOffset, &media)))
            }
            return .object(members)
        }
        var elements: [JSONValue] = []
        elements.reserveCapacity(range.count)
        for row in range { elements.append(try first.value(at: row, &media)) }
        return .array(elements)
    }

    /// The entries of a map are structures, whose offset counts for their members.
    private var pairOffset: Int { Int(array.children?[0]?.pointee.offset ?? 0) }

    private func object(_ index: Int, _ names: [String], _ media: inout EmbeddedMedia) throws(DataError) -> JSONValue {
        // Hugging Face's pictures and sounds: {"bytes": …, "path": "a.png"}, of which the bytes count where there are any.
        if Set(names) == ["bytes", "path"], children.count == 2, let position = names.firstIndex(of: "bytes") {
            let column = children[position]
            let path = try children[1 - position].value(at: index, &media).stringValue
            if column.isBinary {
                guard column.isValid(index + Int(column.array.offset)) else {
                    return .object([
                        JSONMember("bytes", .null), JSONMember("path", path.map(JSONValue.string) ?? .null),
                    ])
                }
                let saved = try media.save(column.bytes(at: index + Int(column.array.offset)), name: path)
                return .object([JSONMember("path", .string(saved))])
            }
        }
        var members: [JSONMember] = []
        members.reserveCapacity(children.count)
        for (name, child) in zip(names, children) {
            members.append(JSONMember(name, try child.value(at: index, &media)))
        }
        return .object(members)
    }

    private var isBinary: Bool {
        switch type {
        case .text(_, let isBinary), .textView(let isBinary): isBinary
        case .fixedBytes: true
        default: false
        }
    }
}
