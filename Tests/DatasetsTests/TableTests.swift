import Foundation
import JSON
import Prompting
import Testing

@testable import Datasets

@Suite struct TableTests {
    @Test func `csv and text files are read as Hugging Face datasets reads them`() throws {
        let golden = try Self.golden()
        let files = golden["files"]?.members ?? []
        #expect(files.count == 15)
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
            let records = try TableFile.parse(Data(text.utf8), path: "t.csv")
            #expect(Self.rows(records) == table["rows"], "\(text.debugDescription)")
        }
    }

    @Test func `broken tables are refused with place and remedy`() throws {
        func message(_ text: String, _ path: String = "t.csv") -> String {
            do {
                _ = try TableFile.parse(Data(text.utf8), path: path)
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
                == "t.csv, line 2: the quoted text that starts here has no closing quote: write \"\" for a quote within text, and close it"
        )
        #expect(throws: DataError("the text is not UTF-8: save the file as UTF-8", file: "t.csv", line: 2)) {
            try TableFile.parse(Data([0x61, 0x0A, 0xFF, 0x0A]), path: "t.csv")
        }
        #expect(throws: DataError("the text is not UTF-8: save the file as UTF-8", file: "t.txt", line: 2)) {
            try TextFile.parse(Data([0x61, 0x0A, 0xFF, 0x0A]), path: "t.txt")
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
                data set 'm', @/m/b.json: all files of a data set's folder should be of one type, .json and .jsonl or .csv or \
                .txt ('a.csv' is another): make a folder and an entry of each type
                """)
    }

    private static func golden() throws -> JSONValue {
        let data = try Data(contentsOf: Golden.folder.appendingPathComponent("tables.json"))
        return try JSONValue(parsing: Array(data))
    }

    private static func rows(_ records: [Record]) -> JSONValue {
        .array(records.map { .array($0.members.map(\.value)) })
    }
}
