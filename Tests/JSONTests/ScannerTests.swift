import Foundation
import JSON
import Testing

@Suite struct ScannerTests {
    private func read(_ text: String, _ dialect: JSONScanner.Dialect) throws -> JSONValue {
        try Array(text.utf8).withUnsafeBufferPointer { bytes in
            var scanner = JSONScanner(bytes, dialect: dialect)
            let value = try scanner.readValue()
            try scanner.expectEnd()
            return value
        }
    }

    @Test func `Numbers keep what Python tells apart`() throws {
        let text =
            #"[0, -0, 1.0, -0.0, 1E5, 123456789012345678, -9223372036854775808, 9223372036854775808, 1e-05, 2.5e+3]"#
        #expect(
            try read(text, .strict)
                == [
                    0, 0, 1.0, .double(-0.0), 1e5, 123_456_789_012_345_678, .int(.min),
                    .largeInt("9223372036854775808"), 1e-05,
                    2500.0,
                ])
        #expect(
            try read("[NaN, Infinity, -Infinity, 1e999]", .python) == [
                .double(.nan), .double(.infinity), .double(-.infinity), .double(.infinity),
            ])
        for word in ["NaN", "Infinity", "-Infinity", "1e999"] {
            #expect(throws: JSONError.self) { try read(word, .strict) }
        }
    }

    @Test func `A double reads back bit by bit`() throws {
        var state: UInt64 = 1
        for _ in 0..<2000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let value = Double(bitPattern: state)
            guard value.isFinite else { continue }
            #expect(try read(JSONValue.double(value).text(), .strict) == .double(value))
        }
    }

    @Test func `A repeated key keeps its first place and its last value`() throws {
        #expect(try read(#"{"a": 1, "b": 2, "a": 3}"#, .strict) == ["a": 3, "b": 2])
        let members = (0..<40).map { "\"\($0)\": \($0)" } + (0..<40).map { "\"\($0)\": \($0 + 1)" }
        #expect(
            try read("{\(members.joined(separator: ", "))}", .strict)
                == .object((0..<40).map { JSONMember("\($0)", .int($0 + 1)) }))
    }

    /// Each mistake with its kind, the place where it begins and the byte where reading stopped.
    static let mistakes: [(text: String, kind: JSONError.Kind, line: Int, column: Int, offset: Int)] = [
        ("[1,\n2,]", .trailingComma(closing: "]"), 2, 2, 6), ("{\"a\": 1 ,}", .trailingComma(closing: "}"), 1, 9, 9),
        ("[,1]", .extraComma, 1, 2, 1), ("[1 2]", .missingComma(closing: "]", found: "2]"), 1, 4, 3),
        ("{\"a\" 1}", .missingColon(key: "a"), 1, 6, 5), ("{'a': 1}", .unquotedKey(inSingleQuotes: true), 1, 2, 1),
        ("{a: 1}", .unquotedKey(inSingleQuotes: false), 1, 2, 1), ("['a']", .singleQuotes, 1, 2, 1),
        ("[\"a\tb\"]", .controlCharacter(9), 1, 4, 3), ("[\"\\q\"]", .unknownEscape("q"), 1, 4, 4),
        ("[\"\\u12\"]", .hexDigits, 1, 7, 6), ("[\"\\ud83d\"]", .loneSurrogate(0xD83D), 1, 3, 8),
        ("[01]", .number("01"), 1, 2, 1), ("[-]", .number("-"), 1, 2, 1), ("[1.e5]", .number("1.e5"), 1, 2, 1),
        ("[None]", .foreignWord("None"), 1, 2, 1), ("[// x\n1]", .comment, 1, 2, 1),
        ("{\"a\":}", .missingValue(closing: "}"), 1, 6, 5), ("[nul]", .notAValue("nul]"), 1, 2, 1),
        ("[1] x", .extraText, 1, 5, 4), ("", .unfinished(.value), 1, 1, 0),
        ("[1", .unfinished(.list(closing: "]")), 1, 3, 2),
        ("{\"a\"", .unfinished(.object), 1, 5, 4), ("[\n \"abc", .unfinished(.string), 2, 2, 7),
        ("\u{FEFF}1", .notAValue("\u{FEFF}1"), 1, 1, 0),
    ]

    @Test func `Each mistake is told apart and placed`() {
        #expect(Self.mistakes.count == 25)
        for mistake in Self.mistakes {
            let error = #expect(throws: JSONError.self) { try read(mistake.text, .strict) }
            #expect(error?.kind == mistake.kind)
            #expect([error?.line, error?.column, error?.offset] == [mistake.line, mistake.column, mistake.offset])
        }
    }

    @Test func `A member's place is found without reading the rest`() throws {
        let text = #"{"a": [1, {"b": "]}"}], "b" : {"c": -1.5} , "d": null}"#
        let range = try Array(text.utf8).withUnsafeBufferPointer { bytes in
            var scanner = JSONScanner(bytes, dialect: .python)
            return try scanner.rangeOfMember("b")
        }
        #expect(range.map { String(decoding: Array(text.utf8)[$0], as: UTF8.self) } == #"{"c": -1.5}"#)
    }

    @Test func `The writer's styles are Python's, and levels can be kept closed`() {
        let value: JSONValue = ["é": [1, [2, 3]], "a": ["x": "\u{7F}😀"]]
        #expect(
            value.text(sortsKeys: true, escapesNonASCII: true)
                == #"{"a": {"x": "\u007f\ud83d\ude00"}, "\u00e9": [1, [2, 3]]}"#)
        #expect(value.text() == "{\"é\": [1, [2, 3]], \"a\": {\"x\": \"\u{7F}😀\"}}")
        #expect(
            value.text(indent: 2, numOpenLevels: 1) == "{\n  \"é\": [1, [2, 3]],\n  \"a\": {\"x\": \"\u{7F}😀\"}\n}")
    }
}
