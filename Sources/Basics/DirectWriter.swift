import Glibc

/// Writes a file of gigabytes past the page cache, which takes them only as fast as the kernel empties it once memory is short
/// (a checkpoint: 0.3 GB/s instead of 2), and would lose for them what other files have there.
final class DirectWriter {
    private let descriptor: Int32
    private let path: String
    /// Where direct writes begin and how long they are.
    private static let alignment = 4096
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 16 << 20, alignment: alignment)
    private var count = 0

    /// For a file that is written from its beginning. A file system without direct writes gets plain ones.
    init(_ descriptor: Int32, path: String) {
        (self.descriptor, self.path) = (descriptor, path)
        Self.setDirect(true, descriptor)
    }

    deinit { buffer.deallocate() }

    func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let taken = rest.prefix(buffer.count - count)
            UnsafeMutableRawBufferPointer(rebasing: buffer[count...]).copyMemory(
                from: UnsafeRawBufferPointer(rebasing: taken))
            count += taken.count
            rest = rest.dropFirst(taken.count)
            if count == buffer.count { try empty() }
        }
    }

    /// Writes what is left; its end is not aligned.
    func finish() throws(FileError) {
        Self.setDirect(false, descriptor)
        try empty()
    }

    private func empty() throws(FileError) {
        try Files.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]), to: descriptor, path: path)
        count = 0
    }

    /// Returns whether the descriptor's writes were changed.
    @discardableResult
    static func setDirect(_ isDirect: Bool, _ descriptor: Int32) -> Bool {
        let flags = fcntl(descriptor, F_GETFL)
        guard flags >= 0, (flags & directFlag != 0) != isDirect else { return false }
        return fcntl(descriptor, F_SETFL, flags ^ directFlag) == 0
    }

    /// `O_DIRECT`, which Glibc's module does not have.
    #if arch(x86_64)
        private static let directFlag: Int32 = 0o40000
    #else
        private static let directFlag: Int32 = 0o200000
    #endif
}
