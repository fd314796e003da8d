/// A file of a repository.
public struct HubFile: Sendable, Hashable {
    /// How the content can be checked.
    public enum Checksum: Sendable, Hashable {
        /// SHA-256 of the content: files in Git LFS, and all of ModelScope's.
        case sha256(String)
        /// SHA-1 of Git's blob: "blob", the size, a zero byte, the content.
        case gitBlob(String)
    }

    /// The path in the repository; checked, so that it stays within a folder.
    public let path: String
    /// Bytes, where the hub says.
    public let size: Int?
    /// The checksum, where the hub says.
    public let checksum: Checksum?

    /// - Throws: `HubError` for a path that would leave the folder of the download.
    init(path: String, size: Int?, checksum: Checksum?) throws(HubError) {
        try Self.check(path)
        self.path = path
        self.size = size
        self.checksum = checksum
    }

    /// A checksum of 64 or 40 hexadecimal digits.
    static func checksum(_ digits: String?) -> Checksum? {
        guard let digits = digits?.lowercased(), digits.utf8.allSatisfy({ "0123456789abcdef".utf8.contains($0) }) else {
            return nil
        }
        return digits.utf8.count == 64 ? .sha256(digits) : digits.utf8.count == 40 ? .gitBlob(digits) : nil
    }

    /// Refuses what a hostile server may send: absolute paths, "..", other separators, control characters.
    static func check(_ path: String) throws(HubError) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        let isSafe =
            path.utf8.count <= 1_024 && parts.count <= 32
            && parts.allSatisfy { part in
                !part.isEmpty && part != "." && part != ".." && part.utf8.count <= 240
                    && !part.utf8.contains { $0 < 0x20 || $0 == 0x7F || $0 == UInt8(ascii: "\\") }
            }
        guard isSafe else {
            throw HubError(
                "the hub names a file \(path.debugDescription), which could lie outside the download: nothing is taken")
        }
    }
}
