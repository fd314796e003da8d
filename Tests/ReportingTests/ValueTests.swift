import Basics
import JSON
import Testing

@testable import Reporting

@Suite struct ValueTests {
    @Test func `Floats are written as Python writes them`() throws {
        let rows = try fixtureJSON("floats.json").items
        #expect(rows.count == 600)
        for row in rows {
            let cells = row.items
            let bits = try #require(UInt64(cells[0].text ?? "", radix: 16))
            let value = Double(bitPattern: bits)
            #expect(value.pythonText == cells[1].text)
            if let rounded = cells[2].text { #expect(Python.round(value, 4).pythonText == rounded) }
            #expect(Python.format(value, "%.4g") == cells[3].text)
            // What was written reads back bit by bit.
            #expect(try JSONValue(json: Array(value.pythonText.utf8), path: "-") == .double(value))
        }
    }

    @Test func `JSON equals Python's json.dumps`() {
        let value: JSONValue = [
            "b": .array([1, 1.0, 1e-05, .double(.nan), .double(-.infinity), .null, true]),
            "a": ["text": "a\"\\\n\u{1}é满😀"], "empty": [], "none": [:],
        ]
        #expect(
            value.json()
                == #"{"b": [1, 1.0, 1e-05, NaN, -Infinity, null, true], "a": {"text": "a\"\\\n\u0001\u00e9\u6ee1\ud83d\ude00"}, "#
                + #""empty": [], "none": {}}"#)
        #expect(
            JSONValue.object([JSONMember("b", [1, 2]), JSONMember("a", [:])]).json(indent: 2, sortedKeys: true)
                == "{\n  \"a\": {},\n  \"b\": [\n    1,\n    2\n  ]\n}")
    }

    @Test func `JSON with escapes, NaN and nesting reads back`() throws {
        let value: JSONValue = [
            "x": .array([.double(.nan), .double(.infinity), 3, 3.0, -0.0]), "满": "\u{0}\t\"\\/😀", "n": .null,
        ]
        for text in [value.json(), value.json(indent: 4), value.json(indent: 1, sortedKeys: true)] {
            let read = try JSONValue(json: Array(text.utf8), path: "-")
            #expect(read.record["x"] == value.record["x"])
            #expect(read.record["满"] == value.record["满"])
            #expect(read.record.keys.count == 3)
        }
    }

    @Test(arguments: [
        ("{\"a\": 1,}", "a comma stands before the end"), ("[1 2]", "expected ']'"), ("{\"a\" 1}", "expected ':'"),
        ("", "ends too early"), ("\"ab", "is not closed"), ("[1] x", "extra text after"), ("0x10", "is not a value"),
        ("+1", "is not a value"), ("[nan]", "is not a value"), ("\"\\q\"", "not an escape"),
        ("\"\\u12\"", "hexadecimal"), (String(repeating: "[", count: 5000), "nested too deeply"),
        ("{\n\"a\": 1\n\"b\": 2}", "line 3"),
    ])
    func `Bad JSON is an error that says where`(text: String, message: String) {
        let error = #expect(throws: FileError.self) { try JSONValue(json: Array(text.utf8), path: "state.json") }
        #expect(error?.description.hasPrefix("state.json: line ") == true)
        #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
    }

    @Test func `Durations are Python's`() {
        #expect(
            [0, 59.9, 3600, 7715.51, 90061, 180000].map(Python.duration) == [
                "0:00:00", "0:00:59", "1:00:00", "2:08:35", "1 day, 1:01:01", "2 days, 2:00:00",
            ])
        #expect(Python.duration(.nan) == "unknown")
    }

    @Test func `A record keeps its order and merges like a dict`() {
        var record: LogRecord = ["loss": 1, "epoch": 2, "loss": 3]
        record.merge(["epoch": 5, "step": 1])
        record["none"] = nil
        #expect(record == ["loss": 3, "epoch": 5, "step": 1])
        record["loss"] = nil
        #expect(record.keys == ["epoch", "step"])
    }
}
