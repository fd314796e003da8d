/// Finds added tokens in text: at each place the longest one, from left to right (a byte trie).
struct AddedTokenMatcher: Sendable {
    private struct Node {
        var byte: UInt8
        var token: Int32 = -1
        var firstChild: Int32 = -1
        var sibling: Int32 = -1
    }

    private let tokens: [AddedToken]
    private var nodes: [Node] = []
    /// Root node by first byte, -1 where no token starts with the byte.
    private var roots = [Int32](repeating: -1, count: 256)
    private let isEmpty: Bool

    /// One part of a text: a token's id, or plain text when nil.
    typealias Part = (token: Int32?, range: Range<Int>)

    init(_ tokens: [AddedToken]) {
        self.tokens = tokens
        isEmpty = tokens.isEmpty
        for (index, token) in tokens.enumerated() { insert(Array(token.content.utf8), Int32(index)) }
    }

    private mutating func insert(_ text: [UInt8], _ token: Int32) {
        guard let first = text.first else { return }
        if roots[Int(first)] < 0 {
            roots[Int(first)] = Int32(nodes.count)
            nodes.append(Node(byte: first))
        }
        var node = Int(roots[Int(first)])
        for byte in text.dropFirst() {
            var child = nodes[node].firstChild
            while child >= 0, nodes[Int(child)].byte != byte { child = nodes[Int(child)].sibling }
            if child < 0 {
                child = Int32(nodes.count)
                nodes.append(Node(byte: byte, sibling: nodes[node].firstChild))
                nodes[node].firstChild = child
            }
            node = Int(child)
        }
        nodes[node].token = token
    }

    /// The longest token that starts at `start`, and its end.
    private func longest(_ text: UnsafeBufferPointer<UInt8>, at start: Int) -> (token: Int, end: Int)? {
        var found: (Int, Int)?
        var node = roots[Int(text[start])]
        var position = start + 1
        while node >= 0 {
            if nodes[Int(node)].token >= 0 { found = (Int(nodes[Int(node)].token), position) }
            guard position < text.count else { break }
            var child = nodes[Int(node)].firstChild
            while child >= 0, nodes[Int(child)].byte != text[position] { child = nodes[Int(child)].sibling }
            node = child
            position += 1
        }
        return found
    }

    /// Splits valid UTF-8 into tokens and the text between them. With `splitsSpecial`, special tokens are plain text, and
    /// so they are where they touch one of the plain ranges.
    func split(
        _ text: UnsafeBufferPointer<UInt8>, splitsSpecial: Bool, plainRanges: [Range<Int>] = [], _ body: (Part) -> Void
    ) {
        guard !isEmpty, let base = text.baseAddress else {
            if !text.isEmpty { body((nil, 0..<text.count)) }
            return
        }
        var done = 0
        var position = 0
        roots.withUnsafeBufferPointer { roots in
            while position < text.count {
                guard roots[Int(base[position])] >= 0, let match = longest(text, at: position) else {
                    position += 1
                    continue
                }
                var (start, end) = (position, match.end)
                position = match.end
                let token = tokens[match.token]
                if splitsSpecial, token.isSpecial { continue }
                if token.isSpecial, plainRanges.contains(where: { $0.overlaps(start..<end) }) {
                    position = start + 1
                    continue
                }
                if token.isSingleWord, touchesWord(text, start, end) { continue }
                if token.stripsLeft { start = max(spacesStart(text, before: start), done) }
                if token.stripsRight { end = spacesEnd(text, from: end) }
                if done < start { body((nil, done..<start)) }
                body((token.id, start..<end))
                done = end
                // White space that a token took along may hold the start of no further token.
                position = max(position, end)
            }
        }
        if done < text.count { body((nil, done..<text.count)) }
    }

    private func touchesWord(_ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int) -> Bool {
        (start > 0 && isWord(text, characterStart(text, before: start))) || (end < text.count && isWord(text, end))
    }

    private func isWord(_ text: UnsafeBufferPointer<UInt8>, _ position: Int) -> Bool {
        guard let base = text.baseAddress else { return false }
        return CharacterClasses.decode(base, position, CharacterClasses.shared.table).bits & CharacterClasses.word != 0
    }

    private func isSpace(_ text: UnsafeBufferPointer<UInt8>, _ position: Int) -> Bool {
        guard let base = text.baseAddress else { return false }
        return CharacterClasses.decode(base, position, CharacterClasses.shared.table).bits & CharacterClasses.space != 0
    }

    private func characterStart(_ text: UnsafeBufferPointer<UInt8>, before end: Int) -> Int {
        var position = end - 1
        while position > 0, text[position] & 0xC0 == 0x80 { position -= 1 }
        return position
    }

    private func spacesStart(_ text: UnsafeBufferPointer<UInt8>, before end: Int) -> Int {
        var position = end
        while position > 0 {
            let start = characterStart(text, before: position)
            guard isSpace(text, start) else { break }
            position = start
        }
        return position
    }

    private func spacesEnd(_ text: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        guard let base = text.baseAddress else { return start }
        var position = start
        while position < text.count, isSpace(text, position) {
            position += CharacterClasses.codePoint(base, position).length
        }
        return position
    }
}
