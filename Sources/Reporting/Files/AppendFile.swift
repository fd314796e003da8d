import Basics
import Glibc

/// A file that only grows. Each record goes to the kernel in one call, so that it is visible at once to a reader and
/// survives the death of this process; no lock is needed between threads.
final class AppendFile: Sendable {
    let path: String
    private let descriptor: Int32

    /// Opens `path`, making the file when it is missing.
    init(_ path: String) throws(FileError) {
        self.path = path
        descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw .system("cannot be opened for writing", path) }
    }

    deinit { close(descriptor) }

    func append(_ bytes: [UInt8]) throws(FileError) {
        try bytes.withUnsafeBufferPointer { (bytes) throws(FileError) in
            try Files.write(UnsafeRawBufferPointer(bytes), to: descriptor, path: path)
        }
    }
}
