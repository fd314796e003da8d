import Foundation
import JSON
import Media
import Prompting
import TestSupport
import Testing

@testable import Datasets

@Suite struct TableTests {
    @Test func `csv and text files are read as Hugging Face datasets reads them`() throws {
        let golden = try Self.golden()
        let files = golden["files"]?.members ?? []
        #expect(files.count == 16)
        for file in files {
            let path = Golden.folder.appendingPathComponent("tables/\(file.key)").path
            let records = try RecordFile.read(path: path)
            #expect(Self.rows(records) == file.value["rows"], "\(file.key)")
            #expect(JSONValue.array(records[0].members.map { .string($0.key) }) == file.value["columns"], "\(file.key)")
            #expect(records.map(\.row) == Array(1...records.count))
        }
    }

    @Test func `random tables are read as Hugging Face datasets reads them`() throws {
        let cases = try Self.golden()["random"]?.arrayValue ?? []
        #expect(cases.count == 60)
        for table in cases {
            let text = table["text"]?.stringValue ?? ""
            let records = try RecordFile.parse(Data(text.utf8), path: "t.csv")
            #expect(Self.rows(records) == table["rows"], "\(text.debugDescription)")
        }
    }

    @Test func `broken tables are refused with place and remedy`() throws {
        func message(_ text: String, _ path: String = "t.csv") -> String {
            do {
                _ = try RecordFile.parse(Data(text.utf8), path: path)
                return "no error"
            } catch { return error.description }
        }
        #expect(message("") == "t.csv: the file is empty; its first line should name the columns")
        #expect(message("\n \n") == "t.csv: the file is empty; its first line should name the columns")
        #expect(
            message("a,b\n1,2\n1,2,3\n")
                == "t.csv, line 3, row 2: the row has 3 cells, the header names 2 columns: put text that holds commas in double quotes"
        )
        #expect(
            message("a,b\n1,\"2\n3,4\n")
                == "t.csv, line 2, row 1: the quoted text that starts here has no closing quote: write \"\" for a quote within text, and close it"
        )
        #expect(throws: DataError("the text is not UTF-8: save the file as UTF-8", file: "t.csv", line: 2, row: 1)) {
            try RecordFile.parse(Data([0x61, 0x0A, 0xFF, 0x0A]), path: "t.csv")
        }
        #expect(throws: DataError("the text is not UTF-8: save the file as UTF-8", file: "t.txt", line: 2)) {
            try RecordFile.parse(Data([0x61, 0x0A, 0xFF, 0x0A]), path: "t.txt")
        }
    }

    @Test func `numbers of a table are texts where texts are wanted`() throws {
        let folder = try TemporaryFolder([
            "dataset_info.json": #"{"d": {"file_name": "d"}, "m": {"file_name": "m"}}"#,
            "d/b.csv": "instruction,input,output\n\"How\nmany?\",12,3\nAgain,,4\n",
            "d/a.csv": "instruction,input,output\nIs it?,1.5,True\n",
            "m/a.csv": "instruction,input,output\na,b,c\n", "m/b.json": "[]",
        ])
        let rows = try DatasetCatalog(folder: folder.path).load("d").keptRows.map(\.conversation.messages)
        #expect(
            rows == [
                [Message(.user, "Is it?\n1.5"), Message(.assistant, "True")],
                [Message(.user, "How\nmany?\n12.0"), Message(.assistant, "3")],
                [Message(.user, "Again"), Message(.assistant, "4")],
            ])
        #expect(
            folder.error("m") == """
                data set 'm', @/m/b.json: all files of a data set's folder should be of one type, such as .json and .jsonl, or \
                .parquet ('a.csv' is another): make a folder and an entry of each type
                """)
    }

    @Test func `cells of a TSV file end at tabs, and empty ones at the end of a row count`() throws {
        let records = try RecordFile.parse(Data("a\tb\tc\n1, 2\t\"x\ty\"\t\n\t\t\n  \n3\tz\t4\n".utf8), path: "d.tsv")
        #expect(
            records.map { $0.members.map(\.value) } == [
                [.string("1, 2"), .string("x\ty"), .null], [.null, .null, .null],
                [.string("3"), .string("z"), .double(4)],
            ])
    }

    @Test func `a number behind # draws rows as ms-swift does`() throws {
        var random = NumPyLegacyRandom(seed: 42)
        let cases = try Self.golden()["samples"]?.arrayValue ?? []
        #expect(cases.count == 5)
        for item in cases {
            let total = item["total"]?.intValue ?? 0
            let rows = random.repeatedSample(of: total, count: item["count"]?.intValue ?? 0)
            #expect(JSONValue.array(rows.map(JSONValue.int)) == item["rows"])
        }
        let lines = (0..<10).map { "{\"query\": \"\($0)\", \"response\": \($0 == 3 ? "null" : "\"r\"")}" }
        let folder = try TemporaryFolder(["a.jsonl": lines.joined(separator: "\n")])
        let catalog = try DatasetCatalog(folder: folder.path)
        let sampled = try catalog.load("a.jsonl#12")
        #expect(sampled.name == "a.jsonl#12")
        #expect(sampled.keptRows.count == 12)
        #expect(sampled.keptRows.prefix(9).map(\.origin.row) == [1, 2, 3, 5, 6, 7, 8, 9, 10])
        #expect(sampled.report.numDropped == 1)
        #expect(try catalog.load("a.jsonl#12", maxSamples: 2).keptRows.count == 2)
        #expect(folder.error("a.jsonl#0").hasSuffix("`#0` takes no row: write the number of rows to draw"))
    }

    @Test func `lists as message content are joined with a mark for each picture`() throws {
        func row(_ content: String, _ more: String = "") -> String {
            "{\"messages\": [{\"role\": \"user\", \"content\": \(content)}, {\"role\": \"assistant\", \"content\": \"a\"}]\(more)}"
        }
        let folder = try TemporaryFolder([
            "x.png": "png", "y.png": "png",
            "a.jsonl": [
                row(
                    #"[{"type": "image", "image": "x.png"}, {"type": "text", "text": " and "}, "#
                        + #"{"type": "image_url", "image_url": {"url": "y.png"}}, " which?"]"#),
                row(#"[{"type": "image"}, {"type": "text", "text": "q"}]"#, #", "images": ["x.png"]"#),
                row(#"[{"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "cG5n"}}]"#),
                row(#"[{"type": "image", "image": "x.png"}]"#, #", "images": ["y.png"]"#),
                row(#"[{"type": "document"}]"#), row(#"[{"text": "q"}]"#), row(#"[{"type": "image", "image": 3}]"#),
            ].joined(separator: "\n"),
        ])
        let data = try DatasetCatalog(folder: folder.path).load("a.jsonl")
        let (x, y) = (MediaSource.file(path: folder.path + "/x.png"), MediaSource.file(path: folder.path + "/y.png"))
        let answer = Message(.assistant, "a")
        #expect(
            data.keptRows.map(\.conversation) == [
                Conversation(messages: [Message(.user, "<image> and <image> which?"), answer], images: [x, y]),
                Conversation(messages: [Message(.user, "<image>q"), answer], images: [x]),
                Conversation(messages: [Message(.user, "<image>"), answer], images: [.bytes(Data("png".utf8))]),
            ])
        #expect(
            data.report.dropped.map(\.reason.description) == [
                "media stand both in the column 'images' and within the messages, so that their order is not known: keep one of them",
                "a piece of a message's content has the type 'document': use text, image, video or audio",
                "a piece of a message's content has no `type`: write {\"type\": \"text\", \"text\": \"…\"}",
                "a piece of type `image` holds a number: write a path",
            ])
    }

    private static func golden() throws -> JSONValue {
        let data = try Data(contentsOf: Golden.folder.appendingPathComponent("tables.json"))
        return try JSONValue(parsing: Array(data))
    }

    private static func rows(_ records: [Record]) -> JSONValue {
        .array(records.map { .array($0.members.map(\.value)) })
    }
}
