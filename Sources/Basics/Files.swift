import Glibc

/// File operations whose errors name the file, the cause and the remedy.
package enum Files {
    /// The bytes of a file, or nil when there is none.
    package static func read(_ path: String) throws(FileError) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw .system("cannot be read", path)
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw .system("cannot be read", path)
            }
            if count == 0 { return bytes }
            bytes.append(contentsOf: buffer[..<count])
        }
    }

    /// Writes all of `bytes`, in as many calls as it takes.
    package static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, path: String) throws(FileError) {
        var rest = bytes[...]
        while let position = UnsafeRawBufferPointer(rebasing: rest).baseAddress, !rest.isEmpty {
            let count = Glibc.write(descriptor, position, min(rest.count, 1 << 30))
            if count < 0 {
                // A direct write that the file system will not do goes through the page cache.
                if errno == EINTR || (errno == EINVAL && DirectWriter.setDirect(false, descriptor)) { continue }
                throw .system("cannot be written", path)
            }
            rest = rest.dropFirst(count)
        }
    }

    /// Makes the folder and its parents.
    package static func makeFolder(_ path: String) throws(FileError) {
        var partial = path.hasPrefix("/") ? "/" : ""
        for component in path.split(separator: "/") {
            partial += component
            if mkdir(partial, 0o755) != 0 && errno != EEXIST { throw .system("cannot be made as a folder", partial) }
            partial += "/"
        }
    }

    /// Flushes a file, or the names in a folder, to disk.
    package static func flush(_ path: String) throws(FileError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        defer { if descriptor >= 0 { close(descriptor) } }
        guard descriptor >= 0, fsync(descriptor) == 0 else { throw .system("cannot be flushed to disk", path) }
    }
}
