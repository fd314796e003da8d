import CArrow

/// The type of a column of a Parquet or Arrow file, as far as such columns become values of rows.
///
/// Source: the format strings of the Arrow C Data Interface.
indirect enum ArrowType: Sendable {
    case null
    case bool
    /// Whole numbers of 1, 2, 4 or 8 bytes.
    case int(numBytes: Int, isSigned: Bool)
    /// Floating-point numbers of 2, 4 or 8 bytes.
    case float(numBytes: Int)
    /// A fixed-point number of 4, 8 or 16 bytes.
    case decimal(scale: Int, numBytes: Int)
    /// Text (or bytes) with offsets of 4 or 8 bytes.
    case text(offsetBytes: Int, isBinary: Bool)
    /// Text (or bytes) in 16-byte views.
    case textView(isBinary: Bool)
    case fixedBytes(count: Int)
    /// Days since 1970.
    case date
    /// Units since 1970, as a point in time; `zone` is nil for local time.
    case timestamp(unitsPerSecond: Int, hasZone: Bool)
    /// Milliseconds since 1970 of a day.
    case longDate
    /// Units since midnight in 4 or 8 bytes.
    case time(unitsPerSecond: Int, numBytes: Int)
    /// A number of units.
    case duration
    case list(ArrowType, offsetBytes: Int)
    case fixedList(ArrowType, count: Int)
    case structure([(name: String, type: ArrowType)])
    case map(key: ArrowType, value: ArrowType)
    case dictionary(index: ArrowType, values: ArrowType)

    /// The formats that are one type each.
    private static let plain: [String: ArrowType] = [
        "n": .null, "b": .bool, "c": .int(numBytes: 1, isSigned: true), "C": .int(numBytes: 1, isSigned: false),
        "s": .int(numBytes: 2, isSigned: true), "S": .int(numBytes: 2, isSigned: false),
        "i": .int(numBytes: 4, isSigned: true), "I": .int(numBytes: 4, isSigned: false),
        "l": .int(numBytes: 8, isSigned: true), "L": .int(numBytes: 8, isSigned: false), "e": .float(numBytes: 2),
        "f": .float(numBytes: 4), "g": .float(numBytes: 8), "u": .text(offsetBytes: 4, isBinary: false),
        "U": .text(offsetBytes: 8, isBinary: false), "z": .text(offsetBytes: 4, isBinary: true),
        "Z": .text(offsetBytes: 8, isBinary: true), "vu": .textView(isBinary: false), "vz": .textView(isBinary: true),
        "tdD": .date, "tdm": .longDate, "tts": .time(unitsPerSecond: 1, numBytes: 4),
        "ttm": .time(unitsPerSecond: 1_000, numBytes: 4), "ttu": .time(unitsPerSecond: 1_000_000, numBytes: 8),
        "ttn": .time(unitsPerSecond: 1_000_000_000, numBytes: 8), "tDs": .duration, "tDm": .duration, "tDu": .duration,
        "tDn": .duration,
    ]
    private static let timestampUnits = ["tss": 1, "tsm": 1_000, "tsu": 1_000_000, "tsn": 1_000_000_000]

    /// Deeper nesting is not read.
    static let maxDepth = 64

    /// The type that a schema describes.
    ///
    /// - Throws: `Unsupported` with the format of a type that is not read here.
    init(_ schema: ArrowSchema, depth: Int = 0) throws(Unsupported) {
        let format = schema.format.map { String(cString: $0) } ?? ""
        guard depth < Self.maxDepth else { throw Unsupported(format: "nested more than \(Self.maxDepth) deep") }
        if let values = schema.dictionary?.pointee {
            guard case .int = Self.plain[format], let index = Self.plain[format] else {
                throw Unsupported(format: "a dictionary with the index \(format)")
            }
            self = .dictionary(index: index, values: try ArrowType(values, depth: depth + 1))
            return
        }
        if let plain = Self.plain[format] {
            self = plain
            return
        }
        if let units = Self.timestampUnits[String(format.prefix(3))], format.dropFirst(3).first == ":" {
            self = .timestamp(unitsPerSecond: units, hasZone: format.count > 4)
            return
        }
        let parts = format.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let numbers = parts.count == 2 ? parts[1].split(separator: ",").compactMap { Int($0) } : []
        switch parts.first {
        case "w":
            guard let count = numbers.first, count > 0 else { throw Unsupported(format: format) }
            self = .fixedBytes(count: count)
        case "d":
            let bits = numbers.count > 2 ? numbers[2] : 128
            guard numbers.count >= 2, [32, 64, 128].contains(bits) else { throw Unsupported(format: format) }
            self = .decimal(scale: numbers[1], numBytes: bits / 8)
        case "+l", "+L":
            let child = try Self.children(schema, count: 1, depth, format)[0]
            self = .list(child.type, offsetBytes: parts[0] == "+l" ? 4 : 8)
        case "+w":
            guard let count = numbers.first, count >= 0 else { throw Unsupported(format: format) }
            self = .fixedList(try Self.children(schema, count: 1, depth, format)[0].type, count: count)
        case "+s":
            self = .structure(try Self.children(schema, count: nil, depth, format))
        case "+m":
            guard case .structure(let pair) = try Self.children(schema, count: 1, depth, format)[0].type,
                pair.count == 2
            else { throw Unsupported(format: format) }
            self = .map(key: pair[0].type, value: pair[1].type)
        default: throw Unsupported(format: format)
        }
    }

    private static func children(
        _ schema: ArrowSchema, count: Int?, _ depth: Int, _ format: String
    ) throws(Unsupported) -> [(name: String, type: ArrowType)] {
        guard count == nil || schema.n_children == Int64(count ?? 0) else { throw Unsupported(format: format) }
        var types: [(name: String, type: ArrowType)] = []
        for index in 0..<Int(schema.n_children) {
            guard let child = schema.children?[index]?.pointee else { throw Unsupported(format: format) }
            let name = child.name.map { String(cString: $0) } ?? ""
            types.append((name, try ArrowType(child, depth: depth + 1)))
        }
        return types
    }

    /// A type that no value of a row is made of.
    struct Unsupported: Error {
        /// Arrow's name of it.
        let format: String
    }
}
