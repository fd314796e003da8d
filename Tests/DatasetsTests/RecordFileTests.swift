import Foundation
import JSON
import TestSupport
import Testing

@testable import Datasets

@Suite struct RecordFileTests {
    private func error(_ text: String, path: String = "d.json") -> String {
        error(Data(text.utf8), path: path)
    }

    private func error(_ data: Data, path: String = "d.json") -> String {
        do {
            _ = try RecordFile.parse(data, path: path)
            return "no error"
        } catch { return error.description }
    }

    @Test func `a list and lines of rows give the same records`() throws {
        let list = try RecordFile.parse(Data(#"[{"a": 1, "b": [true, null]}, {"a": -2.5e3}]"#.utf8), path: "d.json")
        let lines = try RecordFile.parse(
            Data("{\"a\": 1, \"b\": [true, null]}\r\n\n {\"a\": -2.5e3}\n".utf8), path: "d.json")
        #expect(list == lines)
        #expect(
            list == [
                Record(
                    members: [.init("a", .int(1)), .init("b", .array([.bool(true), .null]))], row: 1, file: "d.json"
                ),
                Record(members: [.init("a", .double(-2500))], row: 2, file: "d.json"),
            ])
    }

    @Test func `escapes, surrogate pairs and a byte order mark are read`() throws {
        let text = "\u{FEFF}" + #"[{"a": "\" \\ \/ \b\f\n\r\t \u4e2d \ud83d\udd35 中 🔵"}]"#
        let record = try #require(try RecordFile.parse(Data(text.utf8), path: "d.json").first)
        #expect(record["a"] == .string("\" \\ / \u{08}\u{0C}\n\r\t 中 🔵 中 🔵"))
    }

    @Test func `values write themselves as Python's json does`() throws {
        let text = #"{"a": [1, 2.5, 1e-05, true, null], "b": {"c": "中\n\"\\\u0001"}, "d": {}, "e": []}"#
        let record = try #require(try RecordFile.parse(Data(text.utf8), path: "d.jsonl").first)
        #expect(JSONValue.object(record.members).text() == text)
    }

    @Test func `a limit stops before what comes after`() throws {
        let records = try RecordFile.parse(Data(#"[{"a": 1}, {"a": 2}, {"#.utf8), path: "d.json", limit: 2)
        #expect(records.count == 2)
    }

    /// Each bad file with the message that the user gets.
    private static let badFiles: [(text: String, path: String, message: String)] = [
        ("", "d.json", "d.json: the file is empty; it should hold a list of rows: [{…}, {…}]"),
        (" \n", "d.json", "d.json: the file is empty; it should hold a list of rows: [{…}, {…}]"),
        ("[]", "d.json", "d.json: the list has no rows"),
        (
            "[{\"a\": 1},\n{\"a\": 2,}]", "d.json",
            "d.json, line 2, row 2: there is a comma before the closing }: remove the comma (column 8)"
        ),
        (
            "[\n{\"a\": 1},\n]", "d.json",
            "d.json, line 2, row 2: there is a comma before the closing ]: remove the comma (column 9)"
        ),
        (
            "[{'a': 1}]", "d.json",
            "d.json, line 1, row 1: single quotes are not JSON: write double quotes (\"text\") (column 3)"
        ),
        (
            "[{\"a\": 'x'}]", "d.json",
            "d.json, line 1, row 1: single quotes are not JSON: write double quotes (\"text\") (column 8)"
        ),
        ("[{a: 1}]", "d.json", "d.json, line 1, row 1: a key must be text in double quotes: write \"key\" (column 3)"),
        (
            "[{\"a\": 1}, {\"a\"", "d.json",
            "d.json, line 1, row 2: the file ends within an object: it is truncated (column 16)"
        ),
        (
            "[{\"a\": 1}, {\"a\": \"long te", "d.json",
            "d.json, line 1, row 2: the text that starts here has no closing quote: the file is truncated (column 18)"
        ),
        (
            "[{\"a\": 1}\n", "d.json",
            "d.json, line 2, row 2: the file ends within the list of rows: it is truncated, a ] is missing (column 1)"
        ),
        (
            "[{\"a\": 1}{\"a\": 2}]", "d.json",
            "d.json, line 1, row 2: a comma or ] is missing in the list of rows before '{\"a\": 2}]' (column 10)"
        ),
        ("[{\"a\" 1}]", "d.json", "d.json, line 1, row 1: a colon is missing after \"a\" (column 7)"),
        ("[{\"a\": None}]", "d.json", "d.json, line 1, row 1: None is Python: write null (column 8)"),
        ("[{\"a\": NaN}]", "d.json", "d.json, line 1, row 1: NaN is not JSON: write null (column 8)"),
        (
            "[{\"a\": +1}]", "d.json",
            "d.json, line 1, row 1: '+1}]' is not a JSON value; text needs double quotes (column 8)"
        ),
        (
            "[{\"a\": 1}, \0\0\0", "d.json",
            "d.json, line 1, row 2: the file holds zeros here, writing it broke off: write or download it again (column 12)"
        ),
        ("[{\"a\": 1.}]", "d.json", "d.json, line 1, row 1: '1.' is not a number that JSON allows (column 8)"),
        (
            "[{\"a\": 1}, 5]", "d.json",
            "d.json, line 1, row 2: a row should be an object {…}; this one is a number (column 12)"
        ),
        (
            "[{\"a\": 1}] x", "d.json",
            "d.json, line 1, row 2: there is more after the closing ] of the list: remove it (column 12)"
        ),
        ("5", "d.json", "d.json: the file should hold a list of rows: [{…}, {…}], or one {…} a line"),
        (
            "{\n\"data\": [{\"a\": 1}]\n}", "d.json",
            "d.json: the file holds one object (with \"data\") instead of a list of rows: keep the list inside it only, [{…}, {…}]"
        ),
        (
            "{\"a\": 1},\n{\"a\": 2}", "d.jsonl",
            "d.jsonl, line 1, row 1: one row a line has no commas between the rows: remove it, or put [ ] around all rows (column 9)"
        ),
        (
            "{\"a\": 1}\nnonsense\n", "d.jsonl",
            "d.jsonl, line 2, row 2: each line should hold one row {…} and nothing else (column 1)"
        ),
        (
            "[{\"a\": \"\\x\"}]", "d.json",
            "d.json, line 1, row 1: \\x is not an escape of JSON: write \\\\ for a backslash (column 10)"
        ),
        ("[{\"a\": \"x\ny\"}]", "d.json", "d.json, line 1, row 1: a line end inside text: write \\n (column 10)"),
        (
            "[{\"a\": \"\\ud83d\"}]", "d.json",
            "d.json, line 1, row 1: half of a surrogate pair (\\ud83d) stands alone: remove it (column 9)"
        ),
        (
            "version https://git-lfs.github.com/spec/v1\noid sha256:0", "d.json",
            "d.json: this is a Git LFS pointer, not the data: run `git lfs pull` in its repository"
        ),
        ("<!DOCTYPE html>", "d.json", "d.json: this is a web page (HTML), not the data: download the raw file"),
        ("PAR1xxxx", "d.json", "d.json: this is a Parquet file, not JSON: name it .parquet"),
    ]

    @Test func `a bad file's error names file, line, row and remedy`() {
        #expect(Self.badFiles.count == 30)
        for item in Self.badFiles { #expect(error(item.text, path: item.path) == item.message) }
    }

    @Test func `bytes that are not UTF-8 are an error, not replaced`() {
        let message = "d.json, line 1, row 1: the text is not UTF-8: save the file as UTF-8 (column 9)"
        #expect(error(Data("[{\"a\": \"".utf8) + [0xFF] + Data("\"}]".utf8)) == message)
        #expect(error(Data([0xFF, 0xFE, 0x5B, 0])) == "d.json: the file is UTF-16: save it as UTF-8")
    }

    @Test func `nesting without end is an error, not a crash`() {
        let deep = String(repeating: "[", count: 1_000_000)
        #expect(error("[{\"a\": " + deep).contains("the value is nested more than 512 deep"))
    }

    @Test func `no prefix of a file and no change of a byte crashes the reader`() throws {
        let bytes = Array(#"[{"a": "x\u4e2d\n", "b": [1, -2.5e3, true, null, {"c": {}}]}, {"a": ""}]"#.utf8)
        for count in 0..<bytes.count { _ = error(Data(bytes[..<count])) }
        for index in bytes.indices {
            for byte: UInt8 in [0, 0x22, 0x5C, 0x7B, 0x7D, 0x5B, 0x5D, 0x2C, 0x80, 0xFF, 0x2D, 0x65] {
                var changed = bytes
                changed[index] = byte
                _ = error(Data(changed))
            }
        }
    }

    @Test func `a file that is not there is an error`() {
        #expect(throws: DataError.self) { try RecordFile.read(path: "/nowhere/d.json") }
    }

    @Test func `a row longer than the limit is refused before it is read, in a list, a line, a text and a table`()
        throws
    {
        let long = String(repeating: "x", count: 3_000_000)
        func refusal(_ text: String, _ path: String) -> String {
            do throws(DataError) {
                _ = try RecordFile.parse(Data(text.utf8), path: path, limit: nil, maxRowBytes: 1 << 20)
                return "no error"
            } catch { return error.description }
        }
        let remedy = "the row is longer than 1 MiB: a row is one sample, divide it"
        #expect(refusal(#"[{"a": "b"}, {"a": ""# + long, "d.json") == "d.json, row 2: " + remedy)
        #expect(refusal("{\"a\": \"b\"}\n{\"a\": [\"" + long + "\"]}\n", "d.jsonl") == "d.jsonl, row 2: " + remedy)
        #expect(refusal("short\n" + long, "d.txt") == "d.txt, line 2: " + remedy)
        #expect(refusal("a,b\n1,2\n\"" + long + "\",3", "d.csv") == "d.csv, line 3, row 2: " + remedy)
        #expect(refusal("a,b\n1," + long, "d.csv") == "d.csv, line 2, row 1: " + remedy)
        // Rows that fit are read, however long the file is.
        let rows = String(repeating: "{\"a\": \"" + long.prefix(900_000) + "\"}\n", count: 5)
        #expect(try RecordFile.parse(Data(rows.utf8), path: "d.jsonl", limit: nil, maxRowBytes: 1 << 20).count == 5)
    }

    @Test func `symbolic links in a circle, pipes and folders named like data end with an error`() throws {
        let folder = try TemporaryFolder(["a.jsonl": "{\"a\": 1}"])
        let files = FileManager.default
        try files.createSymbolicLink(atPath: folder.path + "/one.jsonl", withDestinationPath: "two.jsonl")
        try files.createSymbolicLink(atPath: folder.path + "/two.jsonl", withDestinationPath: "one.jsonl")
        try files.createDirectory(atPath: folder.path + "/loop", withIntermediateDirectories: false)
        try files.createSymbolicLink(atPath: folder.path + "/loop/again.jsonl", withDestinationPath: ".")
        #expect(mkfifo(folder.path + "/pipe.jsonl", 0o600) == 0)
        #expect(folder.error("one.jsonl").contains("/one.jsonl: the link leads to no file, or in circles"))
        #expect(folder.error("loop").contains("/loop/again.jsonl: folders within a data set's folder are not read"))
        #expect(folder.error("pipe.jsonl").contains("/pipe.jsonl: this is not a regular file"))
    }
}
