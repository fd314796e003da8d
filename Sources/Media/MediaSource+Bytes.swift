import Foundation

extension MediaSource {
    /// How messages call this source.
    public var name: String {
        switch self {
        case .file(let path): path
        case .bytes(let data): "\(data.count) bytes in memory"
        case .frames(let paths): paths.first.map { "\(paths.count) frames from \($0)" } ?? "no frames"
        }
    }

    /// The bytes of a file that are wanted.
    enum Part {
        case all
        case first(Int)
        case last(Int)

        func range(of size: Int) -> Range<Int> {
            switch self {
            case .all: 0..<size
            case .first(let count): 0..<min(size, count)
            case .last(let count): max(0, size - count)..<size
            }
        }
    }

    /// Runs `body` on the encoded bytes, or on a part of them.
    ///
    /// - Throws: ``MediaError`` when the file is missing, not regular, empty or over `limit` bytes.
    func withBytes<Result>(
        _ part: Part = .all, limit: Int, _ body: (UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result {
        switch self {
        case .bytes(let data):
            guard !data.isEmpty else { throw MediaError(.empty, name, "no bytes at all. Check where they come from.") }
            guard data.count <= limit else { throw tooLong(data.count, limit) }
            return try data.withUnsafeBytes { try body(.init(rebasing: $0[part.range(of: $0.count)])) }
        case .file(let path):
            let bytes = try readFile(path, part, limit: limit)
            return try bytes.withUnsafeBytes(body)
        case .frames:
            throw MediaError(.unsupported, name, "a list of frames is a video, not one image.")
        }
    }

    private func tooLong(_ count: Int, _ limit: Int) -> MediaError {
        MediaError(.tooLarge, name, "\(count) bytes are more than the limit of \(limit).")
    }

    private func readFile(_ path: String, _ part: Part, limit: Int) throws -> [UInt8] {
        // Non-blocking, so that a named pipe is refused below instead of waited for.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            let missing = errno == ENOENT
            throw MediaError(
                .unreadable, path,
                missing
                    ? "no such file. Check the path in the data and media_dir."
                    : "cannot be opened: \(String(cString: strerror(errno))).")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw MediaError(.unreadable, path, "not a regular file.")
        }
        let size = Int(status.st_size)
        guard size > 0 else {
            throw MediaError(.empty, path, "the file is empty (0 bytes). Copy or download it again.")
        }
        guard size <= limit else { throw tooLong(size, limit) }
        let range = part.range(of: size), wanted = range.count
        var failure: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, count in
            while count < wanted {
                let got = pread(
                    descriptor, buffer.baseAddress.map { $0 + count }, wanted - count, off_t(range.lowerBound + count))
                if got < 0 && errno == EINTR { continue }
                if got < 0 { failure = errno }
                if got <= 0 { break }
                count += got
            }
        }
        guard failure == 0 else {
            throw MediaError(.unreadable, path, "cannot be read: \(String(cString: strerror(failure))).")
        }
        return bytes
    }
}
