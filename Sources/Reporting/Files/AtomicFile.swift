import Glibc

/// Replaces a whole file in one step: a reader, or a run after a crash, sees the old file or the new one, never a half.
public enum AtomicFile {
    /// Writes `bytes` beside `path`, flushes them to disk, renames, and flushes the folder.
    ///
    /// A device, a pipe or a folder of that name is an error: the rename would put a file in its place.
    public static func write(_ bytes: [UInt8], to path: String) throws(ReportingError) {
        var status = stat()
        if stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
            throw ReportingError(.file, path: path, "is not a regular file. Choose another name.")
        }
        let temporary = "\(path).\(getpid()).tmp"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw .system("cannot be written", path) }
        do throws(ReportingError) {
            try writeAll(bytes, to: descriptor, path: path)
            guard fsync(descriptor) == 0 else { throw ReportingError.system("cannot be flushed to disk", path) }
        } catch {
            close(descriptor)
            unlink(temporary)
            throw error
        }
        close(descriptor)
        guard rename(temporary, path) == 0 else {
            let error = ReportingError.system("cannot be replaced", path)
            unlink(temporary)
            throw error
        }
        flushFolder(of: path)
    }

    /// Writes `text` as UTF-8; see ``write(_:to:)-([UInt8],_)``.
    public static func write(_ text: String, to path: String) throws(ReportingError) {
        try write(Array(text.utf8), to: path)
    }

    /// The bytes of a file, or nil when there is none.
    static func read(_ path: String) throws(ReportingError) -> [UInt8]? {
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

    static func writeAll(_ bytes: [UInt8], to descriptor: Int32, path: String) throws(ReportingError) {
        var offset = 0
        while offset < bytes.count {
            let count = bytes.withUnsafeBytes { buffer -> Int in
                guard let base = buffer.baseAddress else { return 0 }
                return Glibc.write(descriptor, base + offset, bytes.count - offset)
            }
            if count < 0 {
                if errno == EINTR { continue }
                throw .system("cannot be written", path)
            }
            offset += count
        }
    }

    /// Makes the folder and its parents.
    static func makeFolder(_ path: String) throws(ReportingError) {
        var partial = path.hasPrefix("/") ? "/" : ""
        for component in path.split(separator: "/") {
            partial += component
            if mkdir(partial, 0o755) != 0 && errno != EEXIST { throw .system("cannot be made as a folder", partial) }
            partial += "/"
        }
    }

    /// A rename is durable only when the folder that holds the name is.
    private static func flushFolder(of path: String) {
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }
}

extension ReportingError {
    /// The error of the system call that has just failed.
    static func system(_ what: String, _ path: String) -> ReportingError {
        let number = errno
        var remedy = ""
        switch number {
        case ENOSPC, EDQUOT: remedy = " Free some disk space."
        case EACCES, EPERM, EROFS: remedy = " Choose an output_dir you may write to."
        case ENOENT: remedy = " Its folder does not exist."
        default: break
        }
        return ReportingError(.file, path: path, "\(what): \(String(cString: strerror(number))).\(remedy)")
    }
}
