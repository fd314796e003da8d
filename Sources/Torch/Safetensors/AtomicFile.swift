import Foundation

/// A file that becomes visible only when it is complete: written under a temporary name, flushed to disk, renamed.
struct AtomicFile: ~Copyable {
    private let descriptor: Int32
    private let path: String

    /// Replaces `path` with what `body` writes; on any failure (a full disk, say) the old file stays as it was.
    static func write(to path: String, _ body: (borrowing AtomicFile) throws -> Void) throws {
        var status = stat()
        // The rename would put a file in the place of a device or a folder.
        if stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
            throw SafetensorsError(path, "is not a regular file; choose another name")
        }
        let temporary = "\(path).partial"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw SafetensorsError(path, "cannot be written: \(String(cString: strerror(errno)))")
        }
        let file = AtomicFile(descriptor: descriptor, path: path)
        do {
            try body(file)
            guard fsync(descriptor) == 0 else { throw file.failure() }
            close(descriptor)
        } catch {
            close(descriptor)
            unlink(temporary)
            throw error
        }
        guard rename(temporary, path) == 0 else {
            let failure = file.failure()
            unlink(temporary)
            throw failure
        }
    }

    borrowing func write(_ bytes: UnsafeRawBufferPointer) throws {
        guard var position = bytes.baseAddress else { return }
        var remaining = bytes.count
        while remaining > 0 {
            let written = Foundation.write(descriptor, position, min(remaining, 1 << 30))
            if written < 0 {
                if errno == EINTR { continue }
                throw failure()
            }
            position += written
            remaining -= written
        }
    }

    private borrowing func failure() -> SafetensorsError {
        SafetensorsError(path, "cannot be written: \(String(cString: strerror(errno)))")
    }
}
