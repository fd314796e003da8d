import Glibc

/// A file that becomes visible only when it is complete: written under a temporary name, flushed to disk, renamed. A reader,
/// or a run after a crash, sees the old file or the new one, never a half. Without ``commit()`` the old file stays as it was.
package struct AtomicFile: ~Copyable {
    private let path: String
    private let temporary: String
    private let descriptor: Int32
    private let large: DirectWriter?

    /// Opens a file beside `path`; `isLarge` for one that may hold gigabytes.
    ///
    /// A device, a pipe or a folder of that name is an error: the rename would put a file in its place.
    package init(_ path: String, isLarge: Bool = false) throws(FileError) {
        var status = stat()
        if stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
            throw FileError(path, "is not a regular file. Choose another name.")
        }
        let temporary = "\(path).\(getpid()).tmp"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw .system("cannot be written", path) }
        (self.path, self.temporary, self.descriptor) = (path, temporary, descriptor)
        large = isLarge ? DirectWriter(descriptor, path: path) : nil
    }

    deinit {
        close(descriptor)
        unlink(temporary)  // nothing is left of that name after a commit
    }

    package borrowing func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        if let large { try large.write(bytes) } else { try Files.write(bytes, to: descriptor, path: path) }
    }

    /// Flushes the file to disk and gives it its name.
    package consuming func commit() throws(FileError) {
        try large?.finish()
        guard fsync(descriptor) == 0 else { throw .system("cannot be flushed to disk", path) }
        guard rename(temporary, path) == 0 else { throw .system("cannot be replaced", path) }
        // The name is durable only when the folder that holds it is.
        try? Files.flush(path.lastIndex(of: "/").map { String(path[...$0]) } ?? ".")
    }

    /// Replaces `path` with `bytes`.
    package static func write(_ bytes: [UInt8], to path: String) throws(FileError) {
        let file = try AtomicFile(path)
        try bytes.withUnsafeBufferPointer { (bytes) throws(FileError) in try file.write(UnsafeRawBufferPointer(bytes)) }
        try file.commit()
    }

    /// Replaces `path` with `text` as UTF-8.
    package static func write(_ text: String, to path: String) throws(FileError) {
        try write(Array(text.utf8), to: path)
    }
}
