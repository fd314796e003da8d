import Foundation

/// Numbered records on disk, written once in order and read in any order: bytes stay in the file, sixteen bytes a record
/// in memory.
///
/// The file grows by chunks with checksums and ends with a marker. A process that is killed leaves a file that the next one goes
/// on from after the last whole chunk; a file whose checksums do not hold is built anew; a second process that wants to write the
/// same file writes to a nameless one instead. `@unchecked`: all state is under `lock`.
public final class RecordStore: @unchecked Sendable {
    /// What was found when the store was opened.
    public enum Opening: Sendable, Hashable {
        /// Nothing was there.
        case new
        /// These many records of an earlier, unfinished run.
        case resumed(Int)
        /// All records.
        case complete
        /// The file was damaged and is made again.
        case damaged
        /// Another process writes the same records: they are made a second time and not kept.
        case busy
        /// The folder cannot be written (why): records are not kept.
        case unwritable(String)
    }

    /// Where the records are kept; nil when they are not kept.
    public private(set) var path: String?
    public private(set) var opening = Opening.new
    private let lock = NSLock()
    private var descriptor: Int32 = -1
    private var offsets: [Int] = []
    private var lengths: [Int32] = []
    private var end = 0
    private var isFinished = false

    /// Opens or creates the store of a key.
    ///
    /// - Parameters:
    ///   - folder: where stores are kept; nil keeps nothing.
    ///   - key: what the records depend on; another key is another file.
    ///   - rebuilds: forget what is there.
    ///   - visit: gets every record that is there, in order.
    public init(folder: String?, key: String, rebuilds: Bool = false, visit: (UnsafeRawBufferPointer) -> Void) throws {
        guard let folder else {
            try openNameless()
            return
        }
        let path = "\(folder)/\(key).rows"
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            if rebuilds { unlink(path) }
            try openNamed(path, key, visit)
        } catch let error as DataError {
            opening = .unwritable(error.message)
            try openNameless()
        } catch {
            opening = .unwritable(error.localizedDescription)
            try openNameless()
        }
    }

    /// Opens a finished store to read it.
    ///
    /// - Throws: where the file is missing, unfinished or damaged.
    public init(reading path: String, visit: (UnsafeRawBufferPointer) -> Void) throws {
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw DataError("cannot be opened: \(Self.reason)", file: path) }
        self.path = path
        guard scan(nil, visit) == .whole, isFinished else {
            throw DataError("the file is damaged or unfinished: delete it and prepare the data again", file: path)
        }
        opening = .complete
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Records that are there.
    public var count: Int { lock.withLock { offsets.count } }
    /// Whether all records are there.
    public var isComplete: Bool { lock.withLock { isFinished } }
    /// Size of the file.
    public var numBytes: Int { lock.withLock { end } }

    /// The bytes of a record.
    ///
    /// - Throws: when the file cannot be read any more.
    public func record(_ index: Int) throws -> [UInt8] {
        let (offset, length) = lock.withLock { (offsets[index], Int(lengths[index])) }
        let bytes = read(offset, length)
        guard bytes.count == length else { throw DataError("record \(index) cannot be read", file: path) }
        return bytes
    }

    /// Adds records as one chunk.
    ///
    /// - Throws: when the disk is full, for example.
    public func append(_ records: [[UInt8]]) throws {
        guard !records.isEmpty else { return }
        var chunk = StoreChunk(records)
        try write(&chunk.bytes)
        lock.withLock {
            var place = end + StoreChunk.headerBytes + records.count * 4
            for record in records {
                offsets.append(place)
                lengths.append(Int32(record.count))
                place += record.count
            }
            end = place
        }
    }

    /// Marks the store as complete.
    public func finish() throws {
        var marker = StoreChunk(totalCount: count).bytes
        try write(&marker)
        guard path == nil || fsync(descriptor) == 0 else {
            throw DataError("cannot be flushed: \(Self.reason)", file: path)
        }
        lock.withLock {
            end += marker.count
            isFinished = true
        }
        flock(descriptor, LOCK_UN)
    }

    /// Copies a complete store to another file.
    public func copy(to target: String) throws {
        guard isComplete else { throw DataError("the data are not complete yet", file: target) }
        let output = open(target, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard output >= 0 else { throw DataError("cannot be written: \(Self.reason)", file: target) }
        defer { close(output) }
        var place = 0
        while place < end {
            let bytes = read(place, min(4 << 20, end - place))
            guard !bytes.isEmpty, Foundation.write(output, bytes, bytes.count) == bytes.count else {
                throw DataError("cannot be written: \(Self.reason)", file: target)
            }
            place += bytes.count
        }
        guard fsync(output) == 0 else { throw DataError("cannot be flushed: \(Self.reason)", file: target) }
    }

    // MARK: Files

    private static var reason: String { String(cString: strerror(errno)) }

    private func openNameless() throws {
        var name = Array("\(FileManager.default.temporaryDirectory.path)/anneal-rows-XXXXXX".utf8CString)
        descriptor = mkstemp(&name)
        guard descriptor >= 0 else { throw DataError("no temporary file can be made: \(Self.reason)") }
        unlink(name)
        path = nil
        var header = StoreChunk.fileHeader("")
        try write(&header)
        end = header.count
    }

    private func openNamed(_ path: String, _ key: String, _ visit: (UnsafeRawBufferPointer) -> Void) throws {
        var wasDamaged = false
        while true {
            descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
            guard descriptor >= 0 else { throw DataError("cannot be written: \(Self.reason)", file: path) }
            let isOwner = flock(descriptor, LOCK_EX | LOCK_NB) == 0
            guard isSame(path) else {
                close(descriptor)
                continue
            }
            self.path = path
            let found = scan(key, visit)
            if isFinished {
                if isOwner { flock(descriptor, LOCK_UN) }
                futimens(descriptor, nil)
                opening = .complete
                return
            }
            guard isOwner else {
                close(descriptor)
                forget()
                opening = .busy
                return try openNameless()
            }
            if found == .damaged {
                // Others may be reading it: a new file takes its name.
                unlink(path)
                close(descriptor)
                forget()
                wasDamaged = true
                continue
            }
            guard ftruncate(descriptor, off_t(end)) == 0 else {
                throw DataError("cannot be written: \(Self.reason)", file: path)
            }
            if end == 0 {
                var header = StoreChunk.fileHeader(key)
                try write(&header)
                end = header.count
            }
            opening = wasDamaged ? .damaged : offsets.isEmpty ? .new : .resumed(offsets.count)
            return
        }
    }

    private func forget() {
        offsets = []
        lengths = []
        end = 0
        isFinished = false
    }

    /// Whether the open file still has its name: another process may have removed it meanwhile.
    private func isSame(_ path: String) -> Bool {
        var mine = stat(), named = stat()
        return fstat(descriptor, &mine) == 0 && stat(path, &named) == 0 && mine.st_ino == named.st_ino
            && mine.st_dev == named.st_dev
    }

    private enum Scan { case whole, damaged }

    /// Goes through the chunks that are there. A file that ends within a chunk was cut off by a kill; one with the marker
    /// whose checksums do not hold is damaged.
    private func scan(_ key: String?, _ visit: (UnsafeRawBufferPointer) -> Void) -> Scan {
        let header = StoreChunk.fileHeader(key ?? ""), first = read(0, header.count)
        if first.count < header.count { return .whole }
        guard key == nil ? first.starts(with: StoreChunk.start) : first == header else { return .damaged }
        end = header.count
        var found: [(offset: Int, length: Int32)] = []
        while true {
            let head = read(end, StoreChunk.headerBytes)
            guard head.count == StoreChunk.headerBytes, let chunk = StoreChunk.Header(head) else {
                return head.isEmpty || !endsWithMarker() ? .whole : .damaged
            }
            if chunk.isMarker {
                guard chunk.numRecords == offsets.count else { return .damaged }
                end += StoreChunk.headerBytes
                isFinished = true
                return .whole
            }
            let payload = read(end + StoreChunk.headerBytes, chunk.numBytes)
            guard payload.count == chunk.numBytes, chunk.matches(payload) else {
                return endsWithMarker() ? .damaged : .whole
            }
            var place = chunk.numRecords * 4
            found.removeAll(keepingCapacity: true)
            payload.withUnsafeBytes { bytes in
                for record in 0..<chunk.numRecords {
                    let length = bytes.loadUnaligned(fromByteOffset: record * 4, as: UInt32.self).littleEndian
                    guard place + Int(length) <= bytes.count else { return }
                    visit(UnsafeRawBufferPointer(rebasing: bytes[place..<place + Int(length)]))
                    found.append((end + StoreChunk.headerBytes + place, Int32(length)))
                    place += Int(length)
                }
            }
            for record in found {
                offsets.append(record.offset)
                lengths.append(record.length)
            }
            end += StoreChunk.headerBytes + chunk.numBytes
        }
    }

    private func endsWithMarker() -> Bool {
        let size = lseek(descriptor, 0, SEEK_END)
        guard size >= StoreChunk.headerBytes else { return false }
        let tail = read(Int(size) - StoreChunk.headerBytes, StoreChunk.headerBytes)
        return StoreChunk.Header(tail)?.isMarker ?? false
    }

    private func read(_ offset: Int, _ count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
            while done < count, let start = buffer.baseAddress {
                let numRead = pread(descriptor, start + done, count - done, off_t(offset + done))
                guard numRead > 0 else { break }
                done += numRead
            }
        }
    }

    private func write(_ bytes: inout [UInt8]) throws {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                pwrite(descriptor, buffer.baseAddress.map { $0 + done }, buffer.count - done, off_t(end + done))
            }
            guard count > 0 else {
                throw DataError(
                    "the prepared data cannot be written: \(Self.reason). Free space, or set ANNEAL_CACHE to another folder",
                    file: path)
            }
            done += count
        }
    }
}
