import Glibc

/// A file that could not be written, read or understood: what happened to which file, and what to do about it.
public struct FileError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The file concerned.
    public let path: String
    /// Cause and remedy, one sentence or two.
    public let message: String

    public init(_ path: String, _ message: String) {
        self.path = path
        self.message = message
    }

    public var description: String { "\(path): \(message)" }

    /// The error of the system call that has just failed; `what` is, for instance, "cannot be written".
    package static func system(_ what: String, _ path: String) -> FileError {
        let number = errno
        let remedy =
            switch number {
            case ENOSPC, EDQUOT: " Free some disk space."
            case EACCES, EPERM, EROFS: " Choose a place you may write to."
            case ENOENT: " Its folder does not exist."
            default: ""
            }
        return FileError(path, "\(what): \(String(cString: strerror(number))).\(remedy)")
    }
}
