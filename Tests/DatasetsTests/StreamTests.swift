import Foundation
import JSON
import Prompting
import TestSupport
import Testing

@testable import Datasets

/// Streams read no more of their files than is asked for, and what is read lazily is what is read at once.
@Suite struct StreamTests {
    private static func module(
        _ folder: TemporaryFolder, _ names: [String], bufferSize: Int, heldOut: Double? = nil
    ) throws -> DataModule {
        var request = DataModule.Request(datasets: names)
        request.bufferSize = bufferSize
        request.splitSize = heldOut
        return try DataModule(request, from: DatasetCatalog(folder: folder.path))
    }

    private static func answer(_ row: ConvertedRow) -> String? { row.kept?.conversation.messages.last?.content }

    @Test func `a stream starts before its files are read, and a broken row is named when it comes`() throws {
        let rows = (0..<3_000).map { #"{"instruction": "q", "output": "\#($0)"}"# }
        let folder = try TemporaryFolder([
            "d.jsonl": (rows + [#"{"instruction": "q", "output": }"#]).joined(separator: "\n")
        ])
        let stream = try #require(try Self.module(folder, ["d.jsonl"], bufferSize: 4).stream)
        let places = try stream.places(epoch: 0, 0..<100)
        #expect(places.count == 100 && places.allSatisfy { $0.row < 104 })
        #expect(try Self.answer(stream.row(places[7])) == "\(places[7].row)")
        // Any place can be gone to, also back.
        #expect(try stream.places(epoch: 0, 40..<45) == Array(places[40..<45]))
        let error = #expect(throws: DataError.self) { try stream.places(epoch: 0, 2_900..<3_100) }
        #expect(error?.line == 3_001 && error?.row == 3_001)
    }

    @Test func `rows that are held out are those of the first epoch, and no epoch trains on them`() throws {
        let rows = (0..<50).map { #"{"instruction": "q", "output": "\#($0)"}"# }
        let folder = try TemporaryFolder(["d.jsonl": rows.joined(separator: "\n")])
        let module = try Self.module(folder, ["d.jsonl"], bufferSize: 10, heldOut: 7)
        let held = module.evaluations.first?.rows.compactMap { $0.conversation.messages.last?.content } ?? []
        #expect(Set(held).count == 7)
        let stream = try #require(module.stream)
        for epoch in 0..<2 {
            let trained = try stream.places(epoch: epoch, 0..<100).compactMap { try Self.answer(stream.row($0)) }
            #expect(Set(trained).count == 43 && Set(trained).isDisjoint(with: held))
        }
    }

    @Test func `a mistake in a row stops the stream with its file and number`() throws {
        let folder = try TemporaryFolder([
            "d.jsonl": """
            {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}
            {"messages": [{"role": "usr", "content": "a"}, {"role": "assistant", "content": "b"}]}
            """
        ])
        let stream = try #require(try Self.module(folder, ["d.jsonl"], bufferSize: 1).stream)
        let error = #expect(throws: DataError.self) {
            for place in try stream.places(epoch: 0, 0..<2) { _ = try stream.row(place) }
        }
        #expect(error?.row == 2 && error?.message.contains("did you mean 'user'") == true)
    }

    @Test func `the rows of a table come in any order with the types of their blocks`() throws {
        // The types change with the second block of 10,000 rows; cells hold line ends, quotes and commas.
        let lines = (0..<10_050).map { $0 < 10_000 ? "\($0),\"a\n\"\"\($0)\"\"\",true" : "x\($0),b,1.5" }
        let text = "n,t,v\r\n" + lines.joined(separator: "\r\n")
        let folder = try TemporaryFolder(["d.csv": text])
        let index = try RecordIndex(path: folder.path + "/d.csv")
        try index.extend(to: 5)
        #expect(index.count == 5)
        try index.extend(to: .max)
        #expect(index.count == 10_050)
        func values(_ row: Int) -> [JSONValue] { index.record(row).members.map(\.value) }
        #expect(values(10_049) == ["x10049", "b", .double(1.5)])
        #expect(values(9_999) == [.int(9_999), "a\n\"9999\"", .bool(true)])
        #expect(values(0) == [.int(0), "a\n\"0\"", .bool(true)])
    }
}
