import Basics
import Foundation
import TestSupport
import Testing

@Suite struct AtomicFileTests {
    @Test func `a failed write names the file, the cause and the remedy, and leaves the old file`() throws {
        let error = #expect(throws: FileError.self) { try AtomicFile.write("x", to: "/nonexistent/state.json") }
        #expect(
            error?.description
                == "/nonexistent/state.json: cannot be written: No such file or directory. Its folder does not exist.")
        try TemporaryFolder.with { folder in
            try AtomicFile.write("old", to: folder + "/a")
            try AtomicFile.write("new", to: folder + "/a")
            #expect(try Files.read(folder + "/a") == Array("new".utf8))
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["a"])
        }
    }

    @Test func `what is not committed leaves no trace`() throws {
        try TemporaryFolder.with { folder in
            try AtomicFile.write("old", to: folder + "/a")
            do {
                let file = try AtomicFile(folder + "/a")
                try [UInt8(1)].withUnsafeBytes { try file.write($0) }
            }
            #expect(try Files.read(folder + "/a") == Array("old".utf8))
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["a"])
        }
    }

    @Test func `a large file holds what was written, whatever the sizes of the pieces`() throws {
        try TemporaryFolder.with { folder in
            let bytes = (0..<40_000_001).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 13) }
            let file = try AtomicFile(folder + "/a", isLarge: true)
            var first = 0
            for size in [1, 4095, 20_000_000, 16 << 20, 10_000_000] {
                let end = min(first + size, bytes.count)
                try bytes[first..<end].withUnsafeBytes { try file.write($0) }
                first = end
            }
            try file.commit()
            #expect(try Data(contentsOf: URL(fileURLWithPath: folder + "/a")) == Data(bytes))
        }
    }

    @Test func `a folder is not replaced`() throws {
        try TemporaryFolder.with { folder in
            #expect(throws: FileError(folder, "is not a regular file. Choose another name.")) {
                try AtomicFile.write("x", to: folder)
            }
        }
    }
}
