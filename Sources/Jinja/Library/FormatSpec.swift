import Foundation
import JSON

/// What stands after the colon of a replacement field, or between % and the letter: Python's format language.
struct FormatSpec {
    var fill: Character = " "
    /// `<`, `>`, `=` or `^`; nil for the type's own.
    var alignment: Character?
    var sign: Character = "-"
    var isAlternate = false
    var grouping: Character?
    var width = 0
    var precision: Int?
    var type: Character?

    init() {}

    /// Reads `[[fill]align][sign][#][0][width][,][.precision][type]`.
    init(_ text: String) throws {
        var rest = Array(text)[...]
        if rest.count > 1, "<>=^".contains(rest[rest.startIndex + 1]) {
            fill = rest.removeFirst()
            alignment = rest.removeFirst()
        } else if let first = rest.first, "<>=^".contains(first) {
            alignment = rest.removeFirst()
        }
        if let first = rest.first, "+- ".contains(first) { sign = rest.removeFirst() }
        if rest.first == "#" {
            isAlternate = true
            rest.removeFirst()
        }
        if rest.first == "0" {
            if alignment == nil {
                fill = "0"
                alignment = "="
            }
            rest.removeFirst()
        }
        width = try Self.number(&rest) ?? 0
        if let first = rest.first, ",_".contains(first) { grouping = rest.removeFirst() }
        if rest.first == "." {
            rest.removeFirst()
            guard let digits = try Self.number(&rest) else { throw JinjaError("Format specifier missing precision") }
            precision = digits
        }
        type = rest.popFirst()
        guard rest.isEmpty else { throw JinjaError("Invalid format specifier '\(text.prefix(80))'") }
    }

    static func number(_ rest: inout ArraySlice<Character>) throws -> Int? {
        var value: Int?
        while let digit = rest.first, digit.isASCII, let number = digit.wholeNumberValue {
            let next = (value ?? 0) * 10 + number
            guard next <= 1_000_000 else { throw JinjaError(.limit, "a width or precision is too large") }
            value = next
            rest.removeFirst()
        }
        return value
    }

    func apply(to value: Value, _ renderer: Renderer) throws -> String {
        try renderer.allocate(max(width, precision ?? 0))
        switch value {
        case .bool where type == nil: return pad(try renderer.text(of: value), isNumber: false)
        case .int(let number): return try format(number)
        case .bool(let flag): return try format(flag ? 1 : 0)
        case .double(let number): return try format(number)
        case .string(let text):
            guard type == nil || type == "s", alignment != "=" else { throw unknown(value) }
            return pad(precision.map { String(text.unicodeScalars.prefix($0)) } ?? text, isNumber: false)
        default:
            let isPlain = width == 0 && precision == nil && type == nil && alignment == nil
            guard isPlain else { throw JinjaError("unsupported format string passed to \(value.typeName).__format__") }
            return try renderer.text(of: value)
        }
    }

    private func unknown(_ value: Value) -> JinjaError {
        JinjaError("Unknown format code '\(type.map(String.init) ?? "=")' for object of type '\(value.typeName)'")
    }

    private func format(_ number: Int) throws -> String {
        let magnitude = number.magnitude
        var (prefix, digits) = ("", "")
        switch type {
        case nil, "d", "n", "i", "u": digits = String(magnitude)
        case "x": (prefix, digits) = ("0x", String(magnitude, radix: 16))
        case "X": (prefix, digits) = ("0X", String(magnitude, radix: 16).uppercased())
        case "o": (prefix, digits) = ("0o", String(magnitude, radix: 8))
        case "b": (prefix, digits) = ("0b", String(magnitude, radix: 2))
        case "c":
            guard let scalar = Unicode.Scalar(UInt32(clamping: number)) else {
                throw JinjaError("%c arg not in range")
            }
            return pad(String(Character(scalar)), isNumber: false)
        default: return try format(Double(number))
        }
        return pad(number < 0, isAlternate ? prefix : "", group(digits))
    }

    private func format(_ number: Double) throws -> String {
        let magnitude = number.magnitude
        let text: String
        if !magnitude.isFinite {
            let word = magnitude.isNaN ? "nan" : "inf"
            text = type?.isUppercase == true ? word.uppercased() : word
        } else {
            switch type {
            case nil: text = precision.map { Self.general(magnitude, $0, keepsPoint: true) } ?? magnitude.pythonText
            case "f", "F": text = String(format: "%.\(precision ?? 6)f", magnitude)
            case "e": text = String(format: "%.\(precision ?? 6)e", magnitude)
            case "E": text = String(format: "%.\(precision ?? 6)E", magnitude)
            case "g", "n": text = String(format: "%\(isAlternate ? "#" : "").\(precision ?? 6)g", magnitude)
            case "G": text = String(format: "%\(isAlternate ? "#" : "").\(precision ?? 6)G", magnitude)
            case "%": text = String(format: "%.\(precision ?? 6)f%%", magnitude * 100)
            default: throw unknown(.double(number))
            }
        }
        return pad(number.sign == .minus && !number.isNaN, "", group(text))
    }

    /// A float without a type is as `g`, but keeps a digit after the point.
    private static func general(_ number: Double, _ precision: Int, keepsPoint: Bool) -> String {
        let text = String(format: "%.\(max(precision, 1))g", number)
        return text.contains(where: { ".e".contains($0) }) ? text : text + ".0"
    }

    private func group(_ digits: String) -> String {
        guard let grouping else { return digits }
        let whole = digits.prefix { $0.isNumber || $0.isLetter }
        var output = ""
        for (index, digit) in whole.enumerated() {
            if index > 0, (whole.count - index) % 3 == 0 { output.append(grouping) }
            output.append(digit)
        }
        return output + digits.dropFirst(whole.count)
    }

    private func pad(_ isNegative: Bool, _ prefix: String, _ digits: String) -> String {
        let head = (isNegative ? "-" : sign == "-" ? "" : String(sign)) + prefix
        guard alignment == "=" else { return pad(head + digits, isNumber: true) }
        return head + String(repeating: fill, count: max(0, width - head.count - digits.count)) + digits
    }

    func pad(_ text: String, isNumber: Bool) -> String {
        let missing = width - text.numCodePoints
        guard missing > 0 else { return text }
        func run(_ count: Int) -> String { String(repeating: fill, count: count) }
        switch alignment ?? (isNumber ? ">" : "<") {
        case ">", "=": return run(missing) + text
        case "^": return run(missing / 2) + text + run(missing - missing / 2)
        default: return text + run(missing)
        }
    }
}
