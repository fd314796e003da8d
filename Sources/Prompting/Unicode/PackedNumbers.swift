/// Reads the base-36 numbers of a generated table, one after the other.
struct PackedNumbers: Sequence, IteratorProtocol {
    private var rest: UnsafeBufferPointer<UInt8>.SubSequence

    init(_ text: StaticString) {
        rest = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)[...]
    }

    mutating func next() -> Int? {
        while let byte = rest.first, byte == UInt8(ascii: " ") { rest.removeFirst() }
        guard !rest.isEmpty else { return nil }
        var number = 0
        while let byte = rest.first, byte != UInt8(ascii: " ") {
            number = number * 36 + Int(byte <= UInt8(ascii: "9") ? byte - UInt8(ascii: "0") : byte - 87)
            rest.removeFirst()
        }
        return number
    }

    /// Calls `body` with every range of `count` (gap, length) pairs; all that is left when `count` is nil.
    mutating func forEachRange(count: Int? = nil, _ body: (Range<Int>) -> Void) {
        var end = 0
        var remaining = count ?? .max
        while remaining > 0, let gap = next(), let length = next() {
            body(end + gap..<end + gap + length)
            end += gap + length
            remaining -= 1
        }
    }

    /// Calls `body` with every entry of a table of (gap since the last code point, count, code points).
    static func forEachMapping(_ text: StaticString, _ body: (UInt32, [UInt32]) -> Void) {
        var numbers = PackedNumbers(text)
        var point = 0
        while let gap = numbers.next(), let count = numbers.next() {
            point += gap
            body(UInt32(point), (0..<count).compactMap { _ in numbers.next().map(UInt32.init) })
        }
    }
}
