import JSON

/// How JSON values are written: the pieces of grammar that schemas are made of.
enum JSONText {
    /// Nothing, a blank, or a line break with its indent: bounded, so that a model cannot write blanks for ever.
    static let space: Expression = .choice([
        .empty, .text(" "),
        .sequence([.text("\n"), .repeated(.choice([.text(" "), .text("\t")]), least: 0, most: 40)]),
    ])

    static let digit: Expression = .byte(0x30...0x39)
    private static let hex: Expression = .choice([digit, .byte(0x41...0x46), .byte(0x61...0x66)])

    /// Characters that stand in a string as they are.
    private static let plain = ScalarSet([0x20...0x21, 0x23...0x5B, 0x5D...0xD7FF, 0xE000...0x10FFFF])

    /// One character within a string.
    static let character: Expression = {
        let low: Expression = .choice([
            digit, .byte(0x41...0x43), .byte(0x61...0x63), .byte(0x45...0x46), .byte(0x65...0x66),
        ])
        // \uD800 to \uDBFF with \uDC00 to \uDFFF.
        let d: Expression = .choice([.text("d"), .text("D")])
        let highHalf: Expression = .sequence([
            d, .choice([.byte(0x38...0x39), .byte(0x41...0x42), .byte(0x61...0x62)]), hex, hex,
        ])
        let lowHalf: Expression = .sequence([d, .choice([.byte(0x43...0x46), .byte(0x63...0x66)]), hex, hex])
        let unit: Expression = .choice([
            .sequence([low, hex, hex, hex]), .sequence([d, .byte(0x30...0x37), hex, hex]),
            .sequence([highHalf, .text("\\u"), lowHalf]),
        ])
        return .choice([
            plain.expression,
            .sequence([.text("\\"), .choice("\"\\/bfnrt".map { .text(String($0)) } + [.sequence([.text("u"), unit])])]),
        ])
    }()

    /// A character of a set within a string: escaped where it must be.
    static func character(_ set: ScalarSet) -> Expression {
        let must = set.subtracting(plain)
        var options: [Expression] = []
        let free = set.subtracting(plain.inverted)
        if !free.isEmpty { options.append(free.expression) }
        for range in must.ranges {
            for value in range {
                guard let scalar = Unicode.Scalar(value) else { continue }
                let text = JSONValue.string(String(Character(scalar))).text()
                options.append(.text(String(text.dropFirst().dropLast())))
            }
        }
        return options.count == 1 ? options[0] : .choice(options)
    }

    static func quoted(_ content: Expression) -> Expression { .sequence([.text("\""), content, .text("\"")]) }

    static let integer: Expression = .sequence([
        .optional(.text("-")),
        .choice([.text("0"), .sequence([.byte(0x31...0x39), .repeated(digit, least: 0, most: 17)])]),
    ])

    static let number: Expression = .sequence([integer, fraction, exponent])
    static let fraction: Expression = .optional(.sequence([.text("."), .repeated(digit, least: 1, most: 17)]))
    static let exponent: Expression = .optional(
        .sequence([
            .choice([.text("e"), .text("E")]), .optional(.choice([.text("+"), .text("-")])),
            .repeated(digit, least: 1, most: 2),
        ]))

    /// Whole numbers from `least` to `most`, written without leading zeros.
    static func integer(_ least: Int?, _ most: Int?) -> Expression {
        var options: [Expression] = []
        // Magnitudes of at most 18 digits.
        let limit = 999_999_999_999_999_999
        let low = max(least ?? -limit, -limit), high = min(most ?? limit, limit)
        if low < 0 {
            let from = high < 0 ? -high : 1
            if from <= -low { options.append(.sequence([.text("-"), range(from, -low)])) }
        }
        if high >= 0, max(low, 0) <= high { options.append(range(max(low, 0), high)) }
        return .choice(options)
    }

    /// Numbers from `low` to `high`, none negative.
    private static func range(_ low: Int, _ high: Int) -> Expression {
        let low = String(low).utf8.map { $0 }, high = String(high).utf8.map { $0 }
        if low.count == high.count { return same(low[...], high[...]) }
        var options = [same(low[...], Array(repeating: UInt8(0x39), count: low.count)[...])]
        if high.count - low.count > 1 {
            options.append(
                .sequence([.byte(0x31...0x39), .repeated(digit, least: low.count, most: high.count - 2)]))
        }
        options.append(same(([0x31] + Array(repeating: UInt8(0x30), count: high.count - 1))[...], high[...]))
        return .choice(options)
    }

    /// Digits of one length between two bounds.
    private static func same(_ low: ArraySlice<UInt8>, _ high: ArraySlice<UInt8>) -> Expression {
        guard let first = low.first, let last = high.first else { return .empty }
        if low.allSatisfy({ $0 == 0x30 }), high.allSatisfy({ $0 == 0x39 }) {
            return .repeated(digit, least: low.count, most: low.count)
        }
        let count = low.count - 1
        let lowRest = low.dropFirst(), highRest = high.dropFirst()
        if first == last { return .sequence([.byte(first...first), same(lowRest, highRest)]) }
        let nines = Array(repeating: UInt8(0x39), count: count)[...]
        let zeros = Array(repeating: UInt8(0x30), count: count)[...]
        var options: [Expression] = [
            .sequence([.byte(first...first), same(lowRest, nines)]),
            .sequence([.byte(last...last), same(zeros, highRest)]),
        ]
        if first + 1 <= last - 1 {
            options.append(.sequence([.byte(first + 1...last - 1), .repeated(digit, least: count, most: count)]))
        }
        return .choice(options)
    }
}
