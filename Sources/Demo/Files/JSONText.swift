import Foundation

/// A JSON value that keeps the order of its keys, so that the files are equal on every machine and pleasant to read.
indirect enum JSONText: Sendable, ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByArrayLiteral
{
    case null
    case boolean(Bool)
    case integer(Int)
    case real(Double)
    case string(String)
    case array([JSONText])
    case object([(String, JSONText)])

    init(stringLiteral value: String) { self = .string(value) }
    init(booleanLiteral value: Bool) { self = .boolean(value) }
    init(integerLiteral value: Int) { self = .integer(value) }
    init(floatLiteral value: Double) { self = .real(value) }
    init(arrayLiteral elements: JSONText...) { self = .array(elements) }

    /// UTF-8 with a line end at the end. Values nested deeper than `openLevels` stand on one line.
    func data(openLevels: Int = 3) -> Data { Data((text(indent: 0, openLevels: openLevels) + "\n").utf8) }

    private func text(indent: Int, openLevels: Int) -> String {
        switch self {
        case .null: "null"
        case .boolean(let value): value ? "true" : "false"
        case .integer(let value): String(value)
        case .real(let value): String(value)
        case .string(let value): Self.quoted(value)
        case .array(let values):
            Self.list(
                values.map { $0.text(indent: indent + 2, openLevels: openLevels - 1) }, in: ("[", "]"), indent: indent,
                isOpen: openLevels > 0)
        case .object(let pairs):
            Self.list(
                pairs.map { Self.quoted($0.0) + ": " + $0.1.text(indent: indent + 2, openLevels: openLevels - 1) },
                in: ("{", "}"), indent: indent, isOpen: openLevels > 0)
        }
    }

    private static func list(
        _ items: [String], in brackets: (String, String), indent: Int, isOpen: Bool
    ) -> String {
        guard isOpen, !items.isEmpty else { return brackets.0 + items.joined(separator: ", ") + brackets.1 }
        let margin = "\n" + String(repeating: " ", count: indent)
        return brackets.0 + margin + "  " + items.joined(separator: "," + margin + "  ") + margin + brackets.1
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
