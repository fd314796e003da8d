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

    /// The values of cells of one column; a nil cell is one that its row does not have.
    static func values(_ cells: [String?]) -> [JSONValue] {
        let present = cells.map { cell in cell.flatMap { missing.contains($0) ? nil : $0 } }
        let hasMissing = present.contains(nil)
        if present.allSatisfy({ $0 == nil }) { return present.map { _ in .null } }
        if let whole = converted(present, wholeNumber) {
            guard hasMissing else { return whole }
            return whole.map { $0.number.map(JSONValue.double) ?? .null }
        }
        // The first cell that is no Int64 decides: digits too many for it are tried as UInt64 and then stay text.
        let isLong = present.lazy.compactMap(\.self).first { wholeNumber($0) == nil }.map(isDigits) ?? false
        if isLong, let long = longNumbers(cells, present) { return long }
        if let numbers = converted(present, { number($0).map(JSONValue.double) }) {
            // Not a number is missing, too.
            return numbers.map { value in value.number?.isNaN == true ? .null : value }
        }
        if let truths = converted(present, truth) { return truths }
        return present.map { $0.map(JSONValue.string) ?? .null }
    }

    private static func converted(_ cells: [String?], _ convert: (String) -> JSONValue?) -> [JSONValue]? {
        var values: [JSONValue] = []
        values.reserveCapacity(cells.count)
        for cell in cells {
            guard let cell else {
                values.append(.null)
                continue
            }
            guard let value = convert(cell) else { return nil }
            values.append(value)
        }
        return values
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

    /// A column with whole numbers above those of `Int`; nil when it holds something else, too.
    private static func longNumbers(_ cells: [String?], _ present: [String?]) -> [JSONValue]? {
        var values: [JSONValue] = []
        var isMixed = false
        for cell in present {
            guard let cell else {
                isMixed = true
                values.append(.null)
                continue
            }
            guard isDigits(cell) else { return nil }
            if let whole = wholeNumber(cell) {
                isMixed = isMixed || (whole.intValue ?? 0) < 0
                values.append(whole)
            } else if let number = UInt64(Substring(trimmed(cell))) {
                values.append(.largeInt("\(number)"))
            } else {
                return present.map { $0.map(JSONValue.string) ?? .null }
            }
        }
        // pandas then takes the cells as they are written, missing ones too.
        return isMixed ? cells.map { .string($0 ?? "") } : values
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
