import Foundation
import JSON
import Testing

@Suite struct PythonTextTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
        "Fixtures")

    struct Case: Decodable {
        var text: String
        var plain: String
        var indented: String
        var python: String
    }

    @Test("values are written as Python's json and str write them")
    func python() throws {
        let cases = try JSONDecoder().decode(
            [Case].self, from: Data(contentsOf: Self.folder.appendingPathComponent("json.json")))
        #expect(cases.count == 10)
        for item in cases {
            let value = try JSONValue(parsing: item.text)
            #expect(value.text() == item.plain)
            #expect(value.text(indent: 4) == item.indented)
            #expect(value.pythonText == item.python)
        }
    }

    @Test(
        "malformed JSON is refused with what is wrong and where",
        arguments: [
            ("", "the JSON ends too early at byte 0"),
            ("[1, 2,]", "a comma stands before the end of the list: remove it at byte 6"),
            ("{\"a\": 1,}", "a comma stands before the end of the list: remove it at byte 8"),
            ("{'a': 1}", "expected a key in double quotes at byte 1"),
            ("{\"a\" 1}", "expected ':' at byte 5"),
            ("[1 2]", "expected ']' at byte 3"),
            ("\"abc", "a string is not closed at byte 4"),
            ("\"a\nb\"", "a control character stands in a string: escape it at byte 2"),
            ("\"\\x\"", "'\\x' is not an escape at byte 3"),
            ("\"\\u12g4\"", "\\u wants four hexadecimal digits at byte 5"),
            ("01", "'01' is not a value at byte 0"),
            ("1.", "'1.' is not a value at byte 0"),
            ("nul", "'nul' is not a value at byte 0"),
            ("[] []", "extra text after the JSON at byte 3"),
        ])
    func malformed(text: String, message: String) {
        #expect { try JSONValue(parsing: text) } throws: { "\($0)" == message }
    }

    @Test("a lone surrogate becomes U+FFFD and deep nesting is refused")
    func limits() throws {
        #expect(try JSONValue(parsing: "\"\\ud800x\\udc00\"") == .string("\u{FFFD}x\u{FFFD}"))
        #expect(try JSONValue(parsing: "\"\\ud83d\\u0041\"") == .string("\u{FFFD}A"))
        let deep = String(repeating: "[", count: 100_000)
        #expect { try JSONValue(parsing: deep) } throws: { "\($0)".contains("nested too deeply") }
    }
}
