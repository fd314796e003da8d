import Foundation
import JSON
import Media
import Prompting
import Testing

@testable import Datasets

/// Without Apache Arrow these tests are skipped on a user's machine; CI has to have it.
private let canRead = ArrowFile.unavailability == nil || ProcessInfo.processInfo.environment["CI"] != nil

@Suite(.enabled(if: canRead, "Apache Arrow is not here: run `make setup`"))
struct ArrowTests {
    private static let folder = Golden.folder.appendingPathComponent("arrow")

    private func path(_ name: String) -> String { Self.folder.appendingPathComponent(name).path }

    private func error(_ path: String, limit: Int? = nil) -> String {
        do {
            _ = try RecordFile.read(path: path, limit: limit)
            return "no error"
        } catch { return error.description }
    }

    /// The row with the contents of saved files in the place of their paths, as the golden rows have them.
    private func withBytes(_ value: JSONValue) -> JSONValue {
        switch value {
        case .array(let elements): return .array(elements.map(withBytes))
        case .object(let members):
            if members.count == 1, let path = value["path"]?.stringValue,
                let data = FileManager.default.contents(atPath: path)
            {
                return .object([JSONMember("bytes", .string(data.base64EncodedString()))])
            }
            return .object(members.map { JSONMember($0.key, withBytes($0.value)) })
        default: return value
        }
    }

    @Test func `every type of column has pyarrow's value, in Parquet and in Arrow's files and streams`() throws {
        let text = try String(contentsOf: Golden.folder.appendingPathComponent("arrow.json"), encoding: .utf8)
        let golden = try #require(try JSONValue(parsing: text).members)
        #expect(golden.count == 6)
        for file in golden {
            let records = try RecordFile.read(path: path(file.key))
            let rows = try #require(file.value.arrayValue)
            #expect(records.map(\.row) == Array(1...rows.count))
            for (record, row) in zip(records, rows) {
                for member in record.members {
                    let value = withBytes(member.value)
                    #expect(value == row[member.key], "\(file.key) row \(record.row) \(member.key): \(value)")
                }
                #expect(record.members.map(\.key) == row.members?.map(\.key))
            }
        }
    }

    @Test func `rows that are read when it is their turn are the rows of the file`() throws {
        for name in ["types.parquet", "stream.arrow", "pictures.parquet"] {
            for limit in [nil, 0, 1, 3, 4] as [Int?] {
                let list = try DataFiles.read([path(name)], limit: limit)
                let rows = try RecordFile.read(path: path(name))
                #expect(Array(list) == Array(rows.prefix(limit ?? .max)), "\(name) \(limit ?? -1)")
            }
        }
    }

    @Test func `a limit reads no more rows`() throws {
        #expect(try RecordFile.read(path: path("types.parquet"), limit: 4).count == 4)
        #expect(try RecordFile.read(path: path("stream.arrow"), limit: 1).count == 1)
        #expect(try RecordFile.read(path: path("types.arrow"), limit: 0).isEmpty)
    }

    @Test func `pictures inside a file become pictures of the conversation, and are saved once`() throws {
        let catalog = try DatasetCatalog(folder: "/nowhere")
        let dataset = try catalog.load(path("pictures.parquet"))
        let rows = dataset.keptRows
        #expect(rows.count == 3)
        for row in rows {
            let image = try Image(decoding: try #require(row.conversation.images.first))
            #expect(image.size == ImageSize(width: 2, height: 2))
            #expect(image.bytes[0] == UInt8(10 * (row.origin.row - 1)))
        }
        func saved() throws -> [MediaSource] {
            try catalog.load(path("pictures.parquet")).keptRows.flatMap(\.conversation.images)
        }
        #expect(try saved() == rows.flatMap(\.conversation.images))
    }

    @Test func `what is not such a file is told in plain words`() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("arrow-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        func write(_ name: String, _ data: Data) throws -> String {
            let url = folder.appendingPathComponent(name)
            try data.write(to: url)
            return url.path
        }
        let parquet = try Data(contentsOf: URL(fileURLWithPath: path("types.parquet")))
        let arrow = try Data(contentsOf: URL(fileURLWithPath: path("types.arrow")))
        #expect(
            error(try write("cut.parquet", parquet.dropLast(100))).hasSuffix(
                "/cut.parquet: the file is cut off, its end is missing: download or write it again"))
        #expect(
            error(try write("a.parquet", Data("[{\"a\": 1}]".utf8))).contains(
                "this is not a Parquet file, although its name says so"))
        #expect(error(try write("b.parquet", Data())).contains("the file is empty"))
        #expect(
            error(try write("c.parquet", Data("version https://git-lfs.github.com/spec/v1\n".utf8))).contains(
                "run `git lfs pull`"))
        #expect(error(try write("d.parquet", Data("<!doctype html>".utf8))).contains("this is a web page"))
        #expect(error(try write("e.arrow", arrow.prefix(5_000))).contains("the file is damaged ("))
        #expect(error(try write("f.arrow", Data("hello, world".utf8))).contains("the file is damaged ("))
        // The length of the footer, and with it the place of the metadata, is absurd.
        var absurd = parquet
        absurd.replaceSubrange((absurd.count - 8)..<(absurd.count - 4), with: [0xFF, 0xFF, 0xFF, 0x7F])
        #expect(error(try write("g.parquet", absurd)).contains("the file is damaged ("))
        #expect(error(try write("h.jsonl", parquet)).contains("this is a Parquet file, not JSON: name it .parquet"))
        #expect(error(path("union.arrow")).contains("the column 'choice' has a type that is not read here"))
        #expect(error(folder.path + "/none.parquet").contains("there is no such file"))
    }

    @Test func `no damaged byte stops the program`() throws {
        var state: UInt64 = 7
        func next(_ count: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % count
        }
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("arrow-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        var numRead = 0
        var numRefused = 0
        for name in try FileManager.default.contentsOfDirectory(atPath: Self.folder.path).sorted() {
            let whole = try Data(contentsOf: URL(fileURLWithPath: path(name)))
            for round in 0..<60 {
                var data = round % 4 == 0 ? Data(whole.prefix(next(whole.count))) : whole
                for _ in 0..<(1 + round % 5) where !data.isEmpty {
                    // Metadata stands at the end (Parquet) or at the beginning (streams).
                    let spot = round % 2 == 0 ? next(data.count) : data.count - 1 - next(min(data.count, 4_000))
                    data[spot] = round % 3 == 0 ? 0xFF : UInt8(next(256))
                }
                let url = folder.appendingPathComponent(name)
                try data.write(to: url)
                do throws(DataError) {
                    _ = try RecordFile.read(path: url.path)
                    numRead += 1
                } catch {
                    numRefused += 1
                    #expect(error.file == url.path, "\(error)")
                }
            }
        }
        #expect(numRead > 10 && numRefused > 100, "\(numRead) read, \(numRefused) refused")
    }
}

@Suite struct ArrowTextTests {
    @Test func `dates, times and fixed-point numbers are written as Python does, also at the ends of their range`() {
        #expect(ArrowText.date(days: 0) == "1970-01-01")
        #expect(ArrowText.date(days: -1) == "1969-12-31")
        #expect(ArrowText.date(days: 11_016) == "2000-02-29")
        #expect(ArrowText.timestamp(-1, unitsPerSecond: 1_000, hasZone: true) == "1969-12-31T23:59:59.999000+00:00")
        #expect(
            ArrowText.timestamp(1, unitsPerSecond: 1_000_000_000, hasZone: false) == "1970-01-01T00:00:00.000000001")
        #expect(ArrowText.decimal(-5, scale: 3) == "-0.005")
        #expect(ArrowText.decimal(12, scale: 0) == "12")
        for value in [Int.min, Int.max] {
            for units in [1, 1_000, 1_000_000, 1_000_000_000] {
                _ = ArrowText.timestamp(value, unitsPerSecond: units, hasZone: false)
                _ = ArrowText.time(value, unitsPerSecond: units)
            }
            _ = ArrowText.date(days: ArrowText.floor(value, 86_400_000))
        }
    }
}
