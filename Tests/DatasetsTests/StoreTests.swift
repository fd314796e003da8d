import Foundation
import TestSupport
import Testing

@testable import Datasets

/// Records that are kept on disk survive kills and damage, and never come back changed.
struct StoreTests {
    private let folder = FileManager.default.temporaryDirectory.path + "/anneal-store-\(UUID().uuidString)"
    private var path: String { "\(folder)/key.rows" }

    /// Five chunks of records of odd lengths, the empty one among them.
    private let chunks: [[[UInt8]]] = (0..<5).map { chunk in
        (0..<3).map { [UInt8](repeating: UInt8(chunk * 3 + $0), count: (chunk * 7 + $0 * 5) % 23) }
    }

    private func open(rebuilds: Bool = false) throws -> (store: RecordStore, found: [[UInt8]]) {
        var found: [[UInt8]] = []
        let store = try RecordStore(folder: folder, key: "key", rebuilds: rebuilds) { found.append(Array($0)) }
        return (store, found)
    }

    private func fill(_ store: RecordStore) throws {
        for chunk in chunks.dropFirst(store.count / 3) { try store.append(chunk) }
        try store.finish()
    }

    private func finished() throws -> [UInt8] {
        try fill(open().store)
        return Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    }

    private func write(_ bytes: some Sequence<UInt8>) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: path))
    }

    private func remove() { try? FileManager.default.removeItem(atPath: folder) }

    @Test func `records come back as they were, from the same and the next process`() throws {
        defer { remove() }
        let (store, _) = try open()
        #expect(store.opening == .new && !store.isComplete)
        try fill(store)
        let (again, found) = try open()
        #expect(again.opening == .complete && found == chunks.flatMap(\.self))
        #expect(try (0..<again.count).map(again.record) == found && again.numBytes == store.numBytes)
        let copy = "\(folder)/copy.rows"
        try again.copy(to: copy)
        #expect(try RecordStore(reading: copy) { _ in }.count == 15)
        #expect(try open(rebuilds: true).store.opening == .new)
    }

    @Test func `a file that was cut off anywhere is gone on from and ends with the same bytes`() throws {
        defer { remove() }
        let whole = try finished()
        for length in stride(from: 0, to: whole.count, by: 3) {
            try write(whole.prefix(length))
            let (store, found) = try open()
            #expect(store.opening == (found.isEmpty ? .new : .resumed(found.count)))
            #expect(found.count.isMultiple(of: 3) && found == Array(chunks.flatMap(\.self).prefix(found.count)))
            try fill(store)
            #expect(Array(try Data(contentsOf: URL(fileURLWithPath: path))) == whole, "cut to \(length) bytes")
        }
    }

    @Test func `a changed byte is found and the records are made again`() throws {
        defer { remove() }
        let whole = try finished()
        var numDamaged = 0
        for place in stride(from: 0, to: whole.count, by: 5) {
            var bytes = whole
            bytes[place] ^= 0x20
            try write(bytes)
            let (store, found) = try open()
            // The marker itself: the file looks unfinished and is finished again.
            if store.opening == .damaged { numDamaged += 1 } else { #expect(place >= whole.count - 24 || place < 64) }
            #expect(!store.isComplete && (found.isEmpty || found == Array(chunks.flatMap(\.self).prefix(found.count))))
            try fill(store)
            #expect(Array(try Data(contentsOf: URL(fileURLWithPath: path))) == whole, "byte \(place)")
        }
        #expect(numDamaged > 20)
    }

    @Test
    func `two processes at once do not disturb each other, and a folder that cannot be written does not stop a run`()
        throws
    {
        defer { remove() }
        let (first, _) = try open()
        try first.append(chunks[0])
        let (second, _) = try open()
        #expect(second.opening == .busy && second.path == nil)
        try fill(second)
        try fill(first)
        #expect(try (0..<15).map(second.record) == (0..<15).map(first.record))
        #expect(try open().store.opening == .complete)
        let unwritable = try RecordStore(folder: "/proc/nowhere", key: "key") { _ in }
        guard case .unwritable = unwritable.opening else {
            Issue.record("a folder below /proc was written: \(unwritable.opening)")
            return
        }
        try fill(unwritable)
        #expect(try unwritable.record(4) == chunks[1][1])
    }

    @Test
    func `the cache is bounded: what was not used for longest goes, what is being written or was just used stays`()
        throws
    {
        let folder = try TemporaryFolder([
            "a.rows": String(repeating: "a", count: 100), "b.rows": String(repeating: "b", count: 200),
            "c.rows": String(repeating: "c", count: 300), "d.rows": String(repeating: "d", count: 400), "mine.txt": "x",
            "media/old/1-1.png": String(repeating: "e", count: 50),
            "media/new/1-1.png": String(repeating: "f", count: 60),
        ])
        let now = 2_000_000_000
        func used(_ name: String, _ secondsAgo: Int) {
            var times = [timeval(tv_sec: now - secondsAgo, tv_usec: 0), timeval(tv_sec: now - secondsAgo, tv_usec: 0)]
            utimes("\(folder.path)/\(name)", &times)
        }
        func names() throws -> [String] {
            try FileManager.default.subpathsOfDirectory(atPath: folder.path)
                .filter { $0.hasSuffix(".rows") || $0.hasSuffix(".png") || $0.hasSuffix(".txt") }.sorted()
        }
        used("b.rows", 900_000)
        used("media/old", 800_000)
        used("c.rows", 700_000)
        used("media/new", 50_000)
        used("a.rows", 40_000)
        used("d.rows", 10)
        let all = try names()
        #expect(CacheFolder.shrink(folder.path, to: 1110, now: now) == (0, 0))
        #expect(try names() == all)
        #expect(CacheFolder.shrink(folder.path, to: 1000, now: now) == (1, 200))
        let writer = Foundation.open("\(folder.path)/c.rows", O_RDWR)
        #expect(flock(writer, LOCK_EX) == 0)
        #expect(CacheFolder.shrink(folder.path, to: 400, keeping: ["\(folder.path)/d.rows"], now: now) == (2, 150))
        #expect(try names() == ["c.rows", "d.rows", "media/new/1-1.png", "mine.txt"])
        close(writer)
        #expect(CacheFolder.shrink(folder.path, to: 0, now: now) == (2, 700))
        #expect(CacheFolder.shrink("/nowhere", to: 0) == (0, 0))
    }

    @Test func `the size of the cache is read from ANNEAL_CACHE_LIMIT`() throws {
        for (text, limit) in [
            ("", 50_000_000_000), ("off", nil), ("20GB", 20_000_000_000), ("1.5 tb", 1_500_000_000_000),
            ("500MB", 500_000_000),
            ("0B", 0),
        ] as [(String, Int?)] {
            #expect(try CacheFolder.limit(environment: ["ANNEAL_CACHE_LIMIT": text]) == limit)
        }
        for text in ["20", "-1GB", "lots", "GB", "1e30GB"] {
            #expect {
                try CacheFolder.limit(environment: ["ANNEAL_CACHE_LIMIT": text])
            } throws: {
                "\($0)" == "ANNEAL_CACHE_LIMIT is '\(text)', which is no size: write 20GB or 500MB, or off for no limit"
            }
        }
    }

    @Test func `hashes tell order, lengths and files apart`() throws {
        func hash(_ add: (inout Fingerprint) -> Void) -> String {
            var hash = Fingerprint()
            add(&hash)
            return hash.text
        }
        let texts = [
            hash { _ in }, hash { $0.add("") }, hash { $0.add("ab") },
            hash {
                $0.add("a"); $0.add("b")
            },
            hash {
                $0.add("b"); $0.add("a")
            }, hash { $0.add(0) }, hash { $0.add("\0") }, hash { $0.add("\0\0") },
            hash { $0.add("12345678") }, hash { $0.add("123456789") }, hash { $0.add(contentsOf: "/nowhere") },
        ]
        #expect(Set(texts).count == texts.count && texts.allSatisfy { $0.count == 32 })
    }
}
