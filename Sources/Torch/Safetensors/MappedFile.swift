import CTorch
import Foundation

/// A file mapped into memory; pages are read when touched and shared with the page cache.
final class MappedFile: Sendable {
    let count: Int
    private let address: UInt

    /// Maps the whole file. Throws a `SafetensorsError` when it cannot be opened.
    init(path: String) throws {
        let descriptor = open(path, O_RDONLY)
        guard descriptor >= 0 else {
            throw SafetensorsError(path, "cannot be opened: \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw SafetensorsError(path, "cannot be read: \(String(cString: strerror(errno)))")
        }
        count = Int(status.st_size)
        guard count > 0 else { throw SafetensorsError(path, "is empty; download it again") }
        // Private and writable: a tensor changed in place gets its own pages, the file never changes.
        guard let base = mmap(nil, count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, descriptor, 0),
            base != MAP_FAILED
        else {
            throw SafetensorsError(path, "cannot be mapped: \(String(cString: strerror(errno)))")
        }
        address = UInt(bitPattern: base)
    }

    deinit { munmap(UnsafeMutableRawPointer(bitPattern: address), count) }

    var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: address), count: count)
    }

    /// Lets go of the pages that lie whole within `range`, with what was written to them.
    func releasePages(_ range: Range<Int>) {
        let size = Int(sysconf(Int32(_SC_PAGESIZE)))
        let first = (range.lowerBound + size - 1) / size * size, end = range.upperBound / size * size
        guard first < end, let start = UnsafeMutableRawPointer(bitPattern: address + UInt(first)) else { return }
        madvise(start, end - first, MADV_DONTNEED)
    }

    /// A tensor over `range` of the file that keeps the mapping alive.
    func tensor(_ range: Range<Int>, shape: [Int], dtype: DType) -> Tensor {
        let base = UnsafeMutableRawPointer(bitPattern: address)! + range.lowerBound
        let owner = Unmanaged.passRetained(self).toOpaque()
        return Tensor(
            withShape(shape) {
                ct_wrap_memory(base, $0, $1, dtype.rawValue, { Unmanaged<MappedFile>.fromOpaque($0!).release() }, owner)
            })
    }
}
