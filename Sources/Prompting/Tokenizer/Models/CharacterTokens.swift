/// The tokens that merging may start from instead of bytes: characters of two or three bytes whose bytes surely merge
/// to one token whatever stands beside them.
///
/// Chinese text has three bytes a character, so this saves most of the merges. It is exact: a character is left out
/// when a merge across its border could come first, and all are when a merge stands before those that make its parts.
final class CharacterTokens: @unchecked Sendable {  // The memory is written in `init` only.
    /// Indexed by code point below 0x10000; `TokenVocabulary.absent` where bytes have to be merged.
    let table: UnsafePointer<Int32>

    typealias Merge = (left: Int32, right: Int32, result: Int32)

    init(_ vocabulary: TokenVocabulary, _ merges: [Merge], _ mergeTable: MergeTable) {
        let memory = UnsafeMutablePointer<Int32>.allocate(capacity: 0x10000)
        memory.initialize(repeating: TokenVocabulary.absent, count: 0x10000)
        table = UnsafePointer(memory)
        guard let borders = BorderMerges(vocabulary, merges) else { return }
        var bytes: [UInt8] = []
        for id in 0..<Int32(vocabulary.idLimit) {
            guard let token = vocabulary.bytes(of: id), token.count == 2 || token.count == 3,
                token[0] >= 0xC2, Self.isCharacter(token)
            else { continue }
            bytes = Array(token)
            if Self.isStable(bytes, id, vocabulary, mergeTable, borders) {
                memory[
                    bytes.withUnsafeBufferPointer {
                        $0.baseAddress.map { CharacterClasses.codePoint($0, 0).point } ?? 0
                    }] =
                    id
            }
        }
    }

    deinit { table.deallocate() }

    private static func isCharacter(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        let length = bytes[0] < 0xE0 ? 2 : bytes[0] < 0xF0 ? 3 : 4
        return bytes.count == length && bytes[1...].allSatisfy { $0 & 0xC0 == 0x80 }
    }

    /// Whether the bytes merge to `id`, each part before any merge across the character's border could take it.
    private static func isStable(
        _ bytes: [UInt8], _ id: Int32, _ vocabulary: TokenVocabulary, _ mergeTable: MergeTable, _ borders: BorderMerges
    ) -> Bool {
        var parts = bytes.map { byte in withUnsafePointer(to: byte) { vocabulary.id(of: $0, count: 1) } }
        guard parts.allSatisfy({ $0 >= 0 }) else { return false }
        while parts.count > 1 {
            let pairs = (0..<parts.count - 1).map { mergeTable.find(parts[$0], parts[$0 + 1]) }
            guard let best = pairs.indices.min(by: { pairs[$0].rank < pairs[$1].rank }) else { return false }
            let rank = pairs[best].rank
            guard rank != MergeTable.noRank else { return false }
            if best == 0, borders.firstRankAsRight[Int(parts[0])] < rank { return false }
            if best == parts.count - 2, borders.firstRankAsLeft[Int(parts[best + 1])] < rank { return false }
            parts[best] = pairs[best].result
            parts.remove(at: best + 1)
        }
        return parts[0] == id
    }
}

/// The merges that join part of a character with something beyond its border, by the token that is the part.
private struct BorderMerges {
    /// The first rank at which a token that starts inside a character merges with what follows.
    var firstRankAsLeft: [UInt32]
    /// The first rank at which a token that ends inside a character merges with what stands before.
    var firstRankAsRight: [UInt32]

    /// Nil when a merge stands before one that makes its parts: then order does not follow from ranks alone.
    init?(_ vocabulary: TokenVocabulary, _ merges: [CharacterTokens.Merge]) {
        firstRankAsLeft = [UInt32](repeating: MergeTable.noRank, count: vocabulary.idLimit)
        firstRankAsRight = firstRankAsLeft
        var madeAt = [Int32](repeating: -1, count: vocabulary.idLimit)
        for (rank, merge) in merges.enumerated() { madeAt[Int(merge.result)] = Int32(rank) }
        for (rank, merge) in merges.enumerated() where max(madeAt[Int(merge.left)], madeAt[Int(merge.right)]) >= rank {
            return nil
        }
        for (rank, merge) in merges.enumerated() {
            guard let left = vocabulary.bytes(of: merge.left), let right = vocabulary.bytes(of: merge.right),
                let first = left.first, let border = right.first, border & 0xC0 != 0x80
            else { continue }
            if first & 0xC0 == 0x80 {
                firstRankAsLeft[Int(merge.left)] = min(firstRankAsLeft[Int(merge.left)], UInt32(rank))
            }
            if Self.endsInside(right) {
                firstRankAsRight[Int(merge.right)] = min(firstRankAsRight[Int(merge.right)], UInt32(rank))
            }
        }
    }

    /// Whether the bytes end before their last character is complete.
    private static func endsInside(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        for back in 1...min(4, bytes.count) {
            let byte = bytes[bytes.count - back]
            if byte & 0xC0 == 0x80 { continue }
            let length = byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4
            return length > back
        }
        return false
    }
}
