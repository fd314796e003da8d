/// WordPiece and WordLevel: a word is one token, or (WordPiece) the longest tokens from left to right, or unknown.
struct WordModel: Sendable {
    let vocabulary: TokenVocabulary
    let unknown: Int32?
    /// Stands before every part but the first of a word; nil where words are not taken apart (WordLevel).
    let continuation: [UInt8]?
    /// Longer words, in characters, are unknown.
    let maxCharacters: Int

    @inline(__always)
    func encode(
        _ bytes: UnsafePointer<UInt8>, count: Int, into output: inout [Int32], _ scratch: EncodingScratch
    ) {
        scratch.encode(bytes, count: count, into: &output) { search($0, count: $1, into: &$2) }
    }

    private func search(_ bytes: UnsafePointer<UInt8>, count: Int, into output: inout [Int32]) {
        let first = output.count
        func fail() {
            output.removeSubrange(first...)
            if let unknown { output.append(unknown) }
        }
        guard let continuation else {
            let whole = vocabulary.id(of: bytes, count: count)
            return whole == TokenVocabulary.absent ? fail() : output.append(whole)
        }
        let text = UnsafeBufferPointer(start: bytes, count: count)
        guard text.count(where: { $0 & 0xC0 != 0x80 }) <= maxCharacters else { return fail() }
        // The prefix stands before the rest of the word: where the start moves, it overwrites what is done.
        var word = continuation + text
        var start = 0
        word.withUnsafeMutableBufferPointer { word in
            guard let base = word.baseAddress else { return }
            while start < count {
                let shift = start == 0 ? 0 : continuation.count
                let begin = start + continuation.count - shift
                if shift > 0 { for (offset, byte) in continuation.enumerated() { base[begin + offset] = byte } }
                var end = count
                var token = TokenVocabulary.absent
                while end > start {
                    token = vocabulary.id(of: base + begin, count: end - start + shift)
                    if token != TokenVocabulary.absent { break }
                    repeat { end -= 1 } while end > start && text[end] & 0xC0 == 0x80
                }
                guard token != TokenVocabulary.absent else { break }
                output.append(token)
                start = end
            }
        }
        if start < count { fail() }
    }
}
