/// Python sees a text as code points; searching is done in UTF-8, which gives the same places.
extension String {
    func isExactly(_ other: String) -> Bool { utf8.elementsEqual(other.utf8) }

    var numCodePoints: Int { unicodeScalars.count }

    init(_ scalars: some Swift.Sequence<Unicode.Scalar>) {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        self = String(view)
    }

    /// Code point order, as Python's `<`.
    func precedes(_ other: String) -> Bool { utf8.lexicographicallyPrecedes(other.utf8) }
}

/// UTF-8 bytes with linear-time search.
struct TextBytes {
    let bytes: [UInt8]

    init(_ text: String) { bytes = Array(text.utf8) }

    var count: Int { bytes.count }

    /// The first place of `needle` at or after `start`.
    func find(_ needle: TextBytes, from start: Int = 0) -> Int? {
        guard !needle.bytes.isEmpty else { return start <= count ? start : nil }
        guard start + needle.count <= count else { return nil }
        let failures = needle.failures
        var matched = 0
        for index in start..<count {
            while matched > 0, bytes[index] != needle.bytes[matched] { matched = failures[matched - 1] }
            if bytes[index] == needle.bytes[matched] { matched += 1 }
            if matched == needle.count { return index + 1 - matched }
        }
        return nil
    }

    /// Knuth, Morris and Pratt's table: how much of a match is left after a byte that does not fit.
    private var failures: [Int] {
        var table = [Int](repeating: 0, count: count)
        var matched = 0
        for index in bytes.indices.dropFirst() {
            while matched > 0, bytes[index] != bytes[matched] { matched = table[matched - 1] }
            if bytes[index] == bytes[matched] { matched += 1 }
            table[index] = matched
        }
        return table
    }

    /// Every place of `needle`, without overlaps, at most `limit` many.
    func findAll(_ needle: TextBytes, limit: Int = .max) -> [Int] {
        var places: [Int] = []
        var start = 0
        while places.count < limit, let place = find(needle, from: start) {
            places.append(place)
            start = place + max(needle.count, 1)
        }
        return places
    }

    func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

    func hasPrefix(_ other: TextBytes) -> Bool { bytes.starts(with: other.bytes) }
    func hasSuffix(_ other: TextBytes) -> Bool {
        count >= other.count && bytes[(count - other.count)...].elementsEqual(other.bytes)
    }
}
