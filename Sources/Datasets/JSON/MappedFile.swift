import Foundation

/// The bytes of a file, read when they are looked at. `@unchecked`: nothing changes after `init`.
///
/// Pages that were looked at count as the process's memory until they are given back: a pass over a file does so with `forget`.
final class MappedFile: @unchecked Sendable {
    let path: String
    let bytes: UnsafeBufferPointer<UInt8>
    private let descriptor: Int32

    init(path: String) throws(DataError) {
        self.path = path
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        var status = stat()
        guard descriptor >= 0, fstat(descriptor, &status) == 0 else {
            let reason = String(cString: strerror(errno))
            if descriptor >= 0 { close(descriptor) }
            throw DataError("the file cannot be read: \(reason)", file: path)
        }
        let count = Int(status.st_size)
        guard status.st_mode & S_IFMT == S_IFREG, count > 0 else {
            bytes = UnsafeBufferPointer(start: nil, count: 0)
            if status.st_mode & S_IFMT != S_IFREG {
                close(descriptor)
                throw DataError("the file cannot be read: it is no ordinary file", file: path)
            }
            return
        }
        let pointer = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0)
        guard let pointer, pointer != MAP_FAILED else {
            close(descriptor)
            throw DataError("the file cannot be mapped: \(String(cString: strerror(errno)))", file: path)
        }
        bytes = UnsafeBufferPointer(start: pointer.assumingMemoryBound(to: UInt8.self), count: count)
    }

    /// Bytes in memory; `path` is only a name.
    init(_ data: Data, path: String) {
        self.path = path
        descriptor = -1
        let buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: data.count)
        _ = buffer.initialize(from: data)
        bytes = UnsafeBufferPointer(buffer)
    }

    deinit {
        guard descriptor >= 0 else { return bytes.deallocate() }
        if let start = bytes.baseAddress { munmap(UnsafeMutableRawPointer(mutating: start), bytes.count) }
        close(descriptor)
    }

    /// Gives the pages of a part back; they are read again when they are looked at.
    func forget(_ range: Range<Int>) {
        let page = 4096, first = range.lowerBound / page * page, last = range.upperBound / page * page
        guard descriptor >= 0, let start = bytes.baseAddress, last > first else { return }
        madvise(UnsafeMutableRawPointer(mutating: start + first), last - first, MADV_DONTNEED)
    }

    /// A copy of a part, read without keeping pages in memory.
    func copy(_ range: Range<Int>) -> [UInt8] {
        guard descriptor >= 0 else { return Array(bytes[range]) }
        return [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
            while count < range.count, let start = buffer.baseAddress {
                let numRead = pread(descriptor, start + count, range.count - count, off_t(range.lowerBound + count))
                guard numRead > 0 else { break }
                count += numRead
            }
        }
    }
}
