/// Reads JSON from bytes in place, at the speed that files of hundreds of megabytes need: strings can be looked at without
/// being copied, and what is not wanted is skipped.
///
/// The bytes must outlive the scanner.
public struct JSONScanner {
    /// What is accepted.
    public enum Dialect: Sendable {
        /// What Python's `json.loads` reads: NaN, Infinity and numbers beyond a double's range count, half of a surrogate pair
        /// and bytes that are not UTF-8 become U+FFFD.
        case python
        /// RFC 8259 and nothing else.
        case strict
    }

    /// Deeper data are an attack on the stack.
    public static let maxDepth = 512

    public let bytes: UnsafeBufferPointer<UInt8>
    public let dialect: Dialect
    /// The next byte to read.
    public var offset: Int
    /// Holds the last string that had escapes.
    @usableFromInline var unescaped: [UInt8] = []

    /// A scanner of bytes, beginning at `offset`.
    public init(_ bytes: UnsafeBufferPointer<UInt8>, from offset: Int = 0, dialect: Dialect) {
        self.bytes = bytes
        self.offset = offset
        self.dialect = dialect
    }

    /// Steps over white space.
    @inlinable @inline(__always)
    public mutating func skipSpace() {
        while offset < bytes.count {
            let byte = bytes[offset]
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
            offset += 1
        }
    }

    /// The next byte that is not white space, nil at the end.
    @inlinable @inline(__always)
    public mutating func peek() -> UInt8? {
        skipSpace()
        return offset < bytes.count ? bytes[offset] : nil
    }

    /// Steps over `byte`, which must come next.
    @inlinable @inline(__always)
    public mutating func expect(_ byte: UInt8) throws(JSONError) {
        guard peek() == byte else { throw failure(.missing(Character(Unicode.Scalar(byte)))) }
        offset += 1
    }

    /// Steps over `byte` if it comes next.
    @inlinable @inline(__always)
    public mutating func skip(_ byte: UInt8) -> Bool {
        guard peek() == byte else { return false }
        offset += 1
        return true
    }

    /// After an element: true when a comma and another one follow, false when `closing` ends the list.
    @inlinable @inline(__always)
    public mutating func more(until closing: UInt8) throws(JSONError) -> Bool {
        let next = peek()
        if next == closing {
            offset += 1
            return false
        }
        guard next == UInt8(ascii: ",") else { throw noSeparator(closing) }
        let comma = offset
        offset += 1
        if peek() == closing {
            throw failure(.trailingComma(closing: Character(Unicode.Scalar(closing))), from: comma)
        }
        return true
    }

    @usableFromInline
    func noSeparator(_ closing: UInt8) -> JSONError {
        let bracket = Character(Unicode.Scalar(closing))
        return offset < bytes.count
            ? failure(.missingComma(closing: bracket, found: upcoming()))
            : failure(.unfinished(.list(closing: bracket)))
    }

    /// Fails unless only white space is left.
    public mutating func expectEnd() throws(JSONError) {
        if peek() != nil { throw failure(.extraText) }
    }

    /// The next few characters of the line.
    func upcoming() -> String {
        let end = min(bytes.count, offset + 24)
        let text = String(decoding: UnsafeBufferPointer(rebasing: bytes[min(offset, end)..<end]), as: UTF8.self)
        return String(text.prefix(12).prefix { !$0.isNewline })
    }

    /// What is wrong with the bytes from `start` (without it, from the next byte) on.
    @inline(never)
    public func failure(_ kind: JSONError.Kind, from start: Int? = nil) -> JSONError {
        let start = min(start ?? offset, bytes.count)
        let before = bytes[..<start]
        let lineStart = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        return JSONError(
            kind: kind, offset: offset, start: start, line: 1 + before.lazy.filter { $0 == 0x0A }.count,
            column: start - lineStart + 1)
    }
}
