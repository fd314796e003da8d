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

    @Test func `a folder is not replaced`() throws {
        try TemporaryFolder.with { folder in
            #expect(throws: FileError(folder, "is not a regular file. Choose another name.")) {
                try AtomicFile.write("x", to: folder)
            }
        }
    }
}
