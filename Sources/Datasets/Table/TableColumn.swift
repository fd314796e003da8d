import Foundation
import JSON

/// The values of a column of a CSV file, with the type that pandas finds for it.
///
/// The types are tried in pandas' order: whole numbers, numbers, true and false, text. Missing values (empty cells and words such
/// as NA, null or None) make whole numbers numbers. Sources: pandas/_libs/parsers.pyx, src/parser/tokenizer.c (2.3).
enum TableColumn {
    /// Cells that count as missing, quoted or not: pandas' `STR_NA_VALUES`.
    static let missing: Set<String> = [
        "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA",
        "NULL", "NaN", "None", "n/a", "nan", "null",
    ]

    /// The type of a column.
    enum Kind: Sendable, Hashable {
        case missing
        /// Whole numbers; numbers when some are missing.
        case whole(hasMissing: Bool)
        /// Whole numbers above those of `Int`.
        case long
        /// The cells as they are written, missing ones too.
        case written
        case number
        case truth
        case text
    }

    /// The values of cells of one column; a nil cell is one that its row does not have.
    static func values(_ cells: [String?]) -> [JSONValue] {
        let kind = kind(of: cells)
        return cells.map { value($0, kind) }
    }

    /// The type that pandas finds for cells of one column.
    static func kind(of cells: [String?]) -> Kind {
        let present = cells.compactMap { cell in cell.flatMap { missing.contains($0) ? nil : $0 } }
        let hasMissing = present.count < cells.count
        if present.isEmpty { return .missing }
        guard let other = present.first(where: { wholeNumber($0) == nil }) else {
            return .whole(hasMissing: hasMissing)
        }
        // The first cell that is no Int64 decides: digits too many for it are tried as UInt64 and then stay text.
        if isDigits(other), let long = longKind(present, hasMissing: hasMissing) { return long }
        if present.allSatisfy({ number($0) != nil }) { return .number }
        return present.allSatisfy { truth($0) != nil } ? .truth : .text
    }

    /// The type of a column with whole numbers above those of `Int`; nil when it holds something else, too.
    private static func longKind(_ present: [String], hasMissing: Bool) -> Kind? {
        var isMixed = hasMissing
        for cell in present {
            guard isDigits(cell) else { return nil }
            if let whole = wholeNumber(cell) {
                isMixed = isMixed || (whole.intValue ?? 0) < 0
            } else if UInt64(Substring(trimmed(cell))) == nil {
                return .text
            }
        }
        // pandas then takes the cells as they are written, missing ones too.
        return isMixed ? .written : .long
    }

    /// The value of a cell of a column of that type.
    static func value(_ cell: String?, _ kind: Kind) -> JSONValue {
        if kind == .written { return .string(cell ?? "") }
        guard let cell, !missing.contains(cell) else { return .null }
        switch kind {
        case .missing, .written: return .null
        case .whole(let hasMissing):
            let whole = wholeNumber(cell)
            return (hasMissing ? whole?.number.map(JSONValue.double) : whole) ?? .null
        case .long:
            return wholeNumber(cell) ?? UInt64(Substring(trimmed(cell))).map { .largeInt("\($0)") } ?? .null
        // Not a number is missing, too.
        case .number: return number(cell).flatMap { $0.isNaN ? nil : .double($0) } ?? .null
        case .truth: return truth(cell) ?? .null
        case .text: return .string(cell)
        }
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    private static func trimmed(_ text: String) -> Substring.UTF8View {
        var view = text[...].utf8
        while let first = view.first, isSpace(first) { view.removeFirst() }
        while let last = view.last, isSpace(last) { view.removeLast() }
        return view
    }

    private static func isDigits(_ text: String) -> Bool {
        var view = trimmed(text)
        if let sign = view.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") { view.removeFirst() }
        return !view.isEmpty && view.allSatisfy { (0x30...0x39).contains($0) }
    }

    private static func wholeNumber(_ text: String) -> JSONValue? {
        guard isDigits(text) else { return nil }
        return Int(Substring(trimmed(text))).map(JSONValue.int)
    }

    private static func truth(_ text: String) -> JSONValue? {
        switch text.lowercased() {
        case "true": .bool(true)
        case "false": .bool(false)
        default: nil
        }
    }

    /// pandas' `precise_xstrtod`: at most 17 digits are read, then one multiplication or division by a power of ten, so that the
    /// last bit may differ from the nearest double. Nil for what is no number or too large for one.
    static func number(_ text: String) -> Double? {
        var view = trimmed(text)
        var isNegative = false
        if let sign = view.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
            isNegative = sign == UInt8(ascii: "-")
            view.removeFirst()
        }
        if ["inf", "infinity"].contains(String(Substring(view)).lowercased()) {
            return isNegative ? -Double.infinity : .infinity
        }
        var value = 0.0
        var exponent = 0
        var numDigits = 0
        while let digit = digit(view.first) {
            if numDigits < 17 { value = value * 10 + Double(digit) } else { exponent += 1 }
            numDigits += numDigits < 17 ? 1 : 0
            view.removeFirst()
        }
        if view.first == UInt8(ascii: ".") {
            view.removeFirst()
            while let digit = digit(view.first) {
                if numDigits < 17 {
                    value = value * 10 + Double(digit)
                    numDigits += 1
                    exponent -= 1
                }
                view.removeFirst()
            }
        }
        guard numDigits > 0 else { return nil }
        if let letter = view.first, letter | 0x20 == UInt8(ascii: "e") {
            view.removeFirst()
            guard let power = Int(Substring(view)), abs(power) < 100_000 else { return nil }
            exponent += power
            view = view.suffix(0)
        }
        guard view.isEmpty else { return nil }
        guard exponent <= 308 else { return nil }
        let size = scaled(value, by: exponent)
        // Too large is no number.
        return size.isFinite ? (isNegative ? -size : size) : nil
    }

    private static func digit(_ byte: UInt8?) -> UInt8? {
        guard let byte, (0x30...0x39).contains(byte) else { return nil }
        return byte - 0x30
    }

    private static func scaled(_ value: Double, by exponent: Int) -> Double {
        func power(_ exponent: Int) -> Double { Double("1e\(exponent)") ?? .infinity }
        if exponent >= 0 { return value * power(exponent) }
        if exponent < -308 { return value / power(min(-308 - exponent, 308)) / power(308) }
        return value / power(-exponent)
    }
}
