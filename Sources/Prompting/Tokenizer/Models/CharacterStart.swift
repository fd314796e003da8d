/// How a model that is not byte-level turns characters into the tokens that merging starts from.
final class CharacterStart: @unchecked Sendable {  // The memory is written in `init` only.
    /// Stands before every character but the first of a piece.
    let prefix: [UInt8]
    /// Stands after the last character of a piece.
    let suffix: [UInt8]
    /// The token of an unknown character; without one it is left out.
    let unknown: Int32?
    /// Whether neighbouring unknown characters are one token.
    let fusesUnknown: Bool
    /// The tokens of the bytes that an unknown character is written in, if the vocabulary has them all.
    private let byteTokens: [Int32]?
    /// The tokens of the characters below U+10000.
    private let table: UnsafePointer<Int32>
    /// Whether every character has tokens, so that none vanishes and none is fused.
    let isComplete: Bool
    /// Whether a character's token does not depend on its place in the piece.
    let isPlain: Bool

    init(
        _ vocabulary: TokenVocabulary, prefix: [UInt8], suffix: [UInt8], unknown: Int32?, fusesUnknown: Bool,
        hasByteFallback: Bool
    ) {
        (self.prefix, self.suffix) = (prefix, suffix)
        (self.unknown, self.fusesUnknown) = (unknown, fusesUnknown)
        byteTokens = hasByteFallback ? vocabulary.byteTokens : nil
        isPlain = prefix.isEmpty && suffix.isEmpty
        isComplete = byteTokens.map { !$0.contains(TokenVocabulary.absent) } ?? false
        let table = UnsafeMutablePointer<Int32>.allocate(capacity: 0x10000)
        table.initialize(repeating: TokenVocabulary.absent, count: 0x10000)
        for id in 0..<Int32(vocabulary.idLimit) {
            guard let bytes = vocabulary.bytes(of: id), let base = bytes.baseAddress, !bytes.isEmpty, bytes.count < 4
            else { continue }
            let (point, length) = CharacterClasses.codePoint(base, 0)
            if length == bytes.count { table[point] = vocabulary.id(of: base, count: length) }
        }
        self.table = UnsafePointer(table)
    }

    deinit { table.deallocate() }

    private static func token(_ bytes: [UInt8], _ vocabulary: TokenVocabulary) -> Int32 {
        bytes.withUnsafeBufferPointer { bytes in
            bytes.baseAddress.map { vocabulary.id(of: $0, count: bytes.count) } ?? TokenVocabulary.absent
        }
    }

    /// Whether a character below U+10000 has a token.
    @inline(__always)
    func isKnownBelow(_ point: Int) -> Bool { point < 0x10000 && table[point] != TokenVocabulary.absent }

    /// The token of the character that starts at `position`, as it stands alone.
    @inline(__always)
    func token(
        _ bytes: UnsafePointer<UInt8>, _ position: Int, _ point: Int, _ length: Int, _ vocabulary: TokenVocabulary
    ) -> Int32 {
        point < 0x10000 ? table[point] : vocabulary.id(of: bytes + position, count: length)
    }

    func fill(
        _ bytes: UnsafePointer<UInt8>, count: Int, _ ids: UnsafeMutablePointer<Int32>, _ vocabulary: TokenVocabulary
    ) -> Int {
        var length = 0
        var position = 0
        // An unknown token that later ones may still be fused with. It is written late, as in the library this
        // matches, so that bytes may overtake it.
        var isPending = false
        func add(_ token: Int32) {
            ids[length] = token
            length += 1
        }
        while position < count {
            let (point, size) = CharacterClasses.codePoint(bytes, position)
            let token: Int32
            if isPlain {
                token = self.token(bytes, position, point, size, vocabulary)
            } else {
                var text = position > 0 ? prefix : []
                text += UnsafeBufferPointer(start: bytes + position, count: size)
                if position + size == count { text += suffix }
                token = Self.token(text, vocabulary)
            }
            if token != TokenVocabulary.absent {
                if isPending, let unknown { add(unknown) }
                isPending = false
                add(token)
            } else if let byteTokens, isPlain,
                (position..<position + size).allSatisfy({ byteTokens[Int(bytes[$0])] != TokenVocabulary.absent })
            {
                for offset in position..<position + size { add(byteTokens[Int(bytes[offset])]) }
            } else if let unknown {
                if isPending, !fusesUnknown { add(unknown) }
                isPending = true
            }
            position += size
        }
        if isPending, let unknown { add(unknown) }
        return length
    }
}
