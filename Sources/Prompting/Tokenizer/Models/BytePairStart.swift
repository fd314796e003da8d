/// The tokens that merging starts from.
enum BytePairStart: Sendable {
    /// Bytes, and whole characters where that is safe. The token of each byte; a byte that the vocabulary lacks is left
    /// out.
    case bytes([Int32], CharacterTokens)
    /// Characters.
    case characters(CharacterStart)

    /// Writes the tokens of a piece to `ids`, which must hold one for each byte, and says how many they are.
    @inline(__always)
    func fill(
        _ bytes: UnsafePointer<UInt8>, count: Int, _ ids: UnsafeMutablePointer<Int32>, _ vocabulary: TokenVocabulary
    ) -> Int {
        switch self {
        case .bytes(let tokens, let characters): Self.fill(bytes, count: count, ids, tokens, characters)
        case .characters(let start): start.fill(bytes, count: count, ids, vocabulary)
        }
    }

    @inline(__always)
    private static func fill(
        _ bytes: UnsafePointer<UInt8>, count: Int, _ ids: UnsafeMutablePointer<Int32>, _ tokens: [Int32],
        _ characters: CharacterTokens
    ) -> Int {
        var length = 0
        var position = 0
        tokens.withUnsafeBufferPointer { tokens in
            while position < count {
                let byte = bytes[position]
                // A piece of a byte-level model may begin or end inside a character.
                if byte >= 0xC2, byte < 0xF0, position + (byte < 0xE0 ? 1 : 2) < count {
                    let (point, size) = CharacterClasses.codePoint(bytes, position)
                    let token = characters.table[point]
                    if token != TokenVocabulary.absent {
                        ids[length] = token
                        length += 1
                        position += size
                        continue
                    }
                }
                let token = tokens[Int(byte)]
                if token != TokenVocabulary.absent {
                    ids[length] = token
                    length += 1
                }
                position += 1
            }
        }
        return length
    }
}
