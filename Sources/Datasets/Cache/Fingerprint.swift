import Foundation
import Media

/// A hash of 128 bits, made of two 64-bit ones: equal inputs in equal order give equal values, on every machine.
///
/// The mixing is that of xxHash's 64-bit rounds; it is meant against accidents, not against attackers.
public struct Fingerprint: Sendable, Hashable {
    private var low: UInt64 = 0x9E37_79B1_85EB_CA87
    private var high: UInt64 = 0xC2B2_AE3D_27D4_EB4F
    private var count: UInt64 = 0

    /// The hash of nothing yet.
    public init() {}

    /// The hash as 32 hexadecimal digits.
    public var text: String {
        [low, high].map { word in
            let digits = String(Self.finished(word ^ count), radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }

    /// 64 bits of the hash.
    var word: UInt64 { Self.finished(low ^ high.byteSwapped ^ count) }

    private static func finished(_ word: UInt64) -> UInt64 {
        var word = word
        word = (word ^ (word >> 33)) &* 0xC2B2_AE3D_27D4_EB4F
        word = (word ^ (word >> 29)) &* 0x1656_67B1_9E37_79F9
        return word ^ (word >> 32)
    }

    private mutating func mix(_ value: UInt64) {
        let first = (low &+ value &* 0xC2B2_AE3D_27D4_EB4F)
        low = ((first << 31) | (first >> 33)) &* 0x9E37_79B1_85EB_CA87
        let second = (high ^ value) &* 0x1656_67B1_9E37_79F9
        high = ((second << 27) | (second >> 37)) &+ low
        count &+= 1
    }

    /// Adds a number.
    public mutating func add(_ number: Int) { mix(UInt64(bitPattern: Int64(number))) }

    /// Adds a text and where it ends.
    public mutating func add(_ text: String) {
        var text = text
        text.withUTF8 { add(UnsafeRawBufferPointer($0)) }
    }

    /// Adds bytes and where they end.
    public mutating func add(_ bytes: UnsafeRawBufferPointer) {
        var place = 0
        while place + 8 <= bytes.count {
            mix(bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self).littleEndian)
            place += 8
        }
        var rest: UInt64 = 0
        while place < bytes.count {
            rest = rest << 8 | UInt64(bytes[place])
            place += 1
        }
        mix(rest)
        mix(UInt64(bytes.count))
    }

    /// Adds another hash.
    public mutating func combine(_ other: Fingerprint) {
        mix(other.low)
        mix(other.high)
        mix(other.count)
    }

    /// Adds the contents of a file, read in pieces; a file that cannot be read adds that.
    public mutating func add(contentsOf path: String) {
        guard let file = FileHandle(forReadingAtPath: path) else { return add("no file") }
        defer { try? file.close() }
        while let data = try? file.read(upToCount: 4 << 20), !data.isEmpty { data.withUnsafeBytes { add($0) } }
    }

    /// Adds what tells an unchanged file from a changed one without reading it: path, size and time; bytes as they are.
    mutating func add(stampOf source: MediaSource) {
        switch source {
        case .file(let path): add(stampOf: path)
        case .frames(let paths): paths.forEach { add(stampOf: $0) }
        case .bytes(let data): data.withUnsafeBytes { add($0) }
        }
    }

    private mutating func add(stampOf path: String) {
        add(path)
        var status = stat()
        guard stat(path, &status) == 0 else { return add(-1) }
        add(Int(status.st_size))
        add(Int(status.st_mtim.tv_sec))
        add(Int(status.st_mtim.tv_nsec))
    }
}
