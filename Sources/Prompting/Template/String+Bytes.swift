/// Search by bytes: Swift's own search compares characters and would miss a mark followed by a combining character.
extension String {
    /// The first place where `needle`'s bytes stand, at or after `start`.
    func bytesRange(of needle: String, from start: String.Index? = nil) -> Range<String.Index>? {
        let needle = Array(needle.utf8)
        guard let first = needle.first else { return nil }
        let view = utf8
        var index = start ?? view.startIndex
        while let candidate = view[index...].firstIndex(of: first) {
            var end = candidate
            var matched = 0
            while matched < needle.count, end < view.endIndex, view[end] == needle[matched] {
                matched += 1
                end = view.index(after: end)
            }
            if matched == needle.count { return candidate..<end }
            index = view.index(after: candidate)
        }
        return nil
    }

    func bytesContain(_ needle: String) -> Bool { bytesRange(of: needle) != nil }

    /// How often `needle` stands here, without overlaps.
    func bytesCount(of needle: String) -> Int {
        var count = 0
        var start = startIndex
        while let range = bytesRange(of: needle, from: start) {
            count += 1
            start = range.upperBound
        }
        return count
    }

    /// What stands before and after the first `separator`; no tail when there is none.
    func splitOnce(at separator: String) -> (head: String, tail: String?) {
        guard let range = bytesRange(of: separator) else { return (self, nil) }
        return (String(self[..<range.lowerBound]), String(self[range.upperBound...]))
    }

    func replacingOnce(_ needle: String, with replacement: String) -> String {
        let parts = splitOnce(at: needle)
        guard let tail = parts.tail else { return self }
        return parts.head + replacement + tail
    }

    /// Replaces every occurrence.
    func replacingBytes(_ needle: String, with replacement: String) -> String {
        var result = ""
        var start = startIndex
        while let range = bytesRange(of: needle, from: start) {
            result += self[start..<range.lowerBound]
            result += replacement
            start = range.upperBound
        }
        return result + self[start...]
    }

    /// The first stretch from `open` to the next `close`, both included, and what is between them.
    func enclosed(_ open: String, _ close: String, from start: String.Index? = nil) -> (
        range: Range<String.Index>, inner: String
    )? {
        guard let opening = bytesRange(of: open, from: start),
            let closing = bytesRange(of: close, from: opening.upperBound)
        else { return nil }
        return (opening.lowerBound..<closing.upperBound, String(self[opening.upperBound..<closing.lowerBound]))
    }

    /// Without white space (as Python's `strip` sees it in ASCII) at both ends.
    var stripped: String {
        let isSpace: (UInt8) -> Bool = { $0 == 0x20 || (0x09...0x0D).contains($0) || (0x1C...0x1F).contains($0) }
        let bytes = Array(utf8)
        guard let first = bytes.firstIndex(where: { !isSpace($0) }),
            let last = bytes.lastIndex(where: { !isSpace($0) })
        else { return "" }
        return String(decoding: bytes[first...last], as: UTF8.self)
    }
}
