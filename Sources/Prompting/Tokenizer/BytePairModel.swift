/// Byte-level byte-pair encoding of one piece of text: the merge with the lowest rank first, the leftmost of equals.
final class BytePairModel: Sendable {
    let vocabulary: TokenVocabulary
    let merges: MergeTable
    /// Whether a piece that is a token is taken whole, without merging (Llama 3).
    let ignoresMerges: Bool
    /// The token of each byte; `TokenVocabulary.absent` for a byte that the vocabulary lacks, which is left out.
    private let byteTokens: [Int32]
    private let characters: CharacterTokens

    /// Pieces longer than this are merged with a priority queue, so that time stays near-linear.
    private static let maxScannedLength = 160

    init(vocabulary: TokenVocabulary, merges: MergeTable, characters: CharacterTokens, ignoresMerges: Bool) {
        self.vocabulary = vocabulary
        self.merges = merges
        self.characters = characters
        self.ignoresMerges = ignoresMerges
        byteTokens = (0..<256).map { byte in
            withUnsafePointer(to: UInt8(byte)) { vocabulary.id(of: $0, count: 1) }
        }
    }

    /// Appends the tokens of one piece.
    @inline(__always)
    func encode(
        _ bytes: UnsafePointer<UInt8>, count: Int, into output: inout [Int32], _ scratch: EncodingScratch
    ) {
        guard count <= EncodingScratch.maxCachedBytes else {
            merge(bytes, count: count, into: &output, scratch)
            return
        }
        let low = ByteHash.word(bytes, count: min(count, 8))
        let high = (count > 8 ? ByteHash.word(bytes + 8, count: count - 8) : 0) | UInt64(count) << 56
        let hash = ByteHash.mix(low ^ 0x9E37_79B9_7F4A_7C15, high ^ 0xE703_7ED1_A0B4_28DB)
        let entry = scratch.cache + Int(truncatingIfNeeded: hash) & (EncodingScratch.numCached - 1)
        if entry.pointee.low == low, entry.pointee.high == high {
            output.append(entry.pointee.first)
            if entry.pointee.numTokens > 1 { output.append(entry.pointee.second) }
            if entry.pointee.numTokens > 2 { output.append(entry.pointee.third) }
            return
        }
        let start = output.count
        merge(bytes, count: count, into: &output, scratch)
        let numTokens = output.count - start
        guard (1...3).contains(numTokens) else { return }
        entry.pointee = EncodingScratch.CachedPiece(
            low: low, high: high, first: output[start], second: numTokens > 1 ? output[start + 1] : 0,
            third: numTokens > 2 ? output[start + 2] : 0, numTokens: Int32(numTokens))
    }

    @inline(never)
    private func merge(
        _ bytes: UnsafePointer<UInt8>, count: Int, into output: inout [Int32], _ scratch: EncodingScratch
    ) {
        if ignoresMerges {
            let whole = vocabulary.id(of: bytes, count: count)
            if whole != TokenVocabulary.absent {
                output.append(whole)
                return
            }
        }
        if count > Self.maxScannedLength {
            mergeLong(bytes, count: count, into: &output)
            return
        }
        let ids = scratch.ids
        let ranks = scratch.ranks
        let results = scratch.results
        var length = fillStart(bytes, count: count, ids)
        guard length > 0 else { return }
        for position in 0..<length - 1 {
            (ranks[position], results[position]) = merges.find(ids[position], ids[position + 1])
        }
        while length > 1 {
            var best = 0
            var bestRank = ranks[0]
            for position in 1..<max(length - 1, 1) where ranks[position] < bestRank {
                best = position
                bestRank = ranks[position]
            }
            guard bestRank != MergeTable.noRank else { break }
            ids[best] = results[best]
            length -= 1
            // Close the gap: token best + 1 goes, and with it the pair it started.
            var position = best + 1
            while position < length {
                ids[position] = ids[position + 1]
                ranks[position - 1] = ranks[position]
                results[position - 1] = results[position]
                position += 1
            }
            if best > 0 { (ranks[best - 1], results[best - 1]) = merges.find(ids[best - 1], ids[best]) }
            if best + 1 < length { (ranks[best], results[best]) = merges.find(ids[best], ids[best + 1]) }
        }
        output.append(contentsOf: UnsafeBufferPointer(start: ids, count: length))
    }

    /// Writes the tokens that merging starts from, and says how many: whole characters where that is safe, else bytes.
    @inline(__always)
    private func fillStart(_ bytes: UnsafePointer<UInt8>, count: Int, _ ids: UnsafeMutablePointer<Int32>) -> Int {
        var length = 0
        var position = 0
        byteTokens.withUnsafeBufferPointer { tokens in
            while position < count {
                let byte = bytes[position]
                if byte >= 0xC2, byte < 0xF0 {
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

    /// As `merge`, for pieces of any length: a priority queue of (rank, position) over a linked list of tokens.
    private func mergeLong(_ bytes: UnsafePointer<UInt8>, count: Int, into output: inout [Int32]) {
        var ids = [Int32](unsafeUninitializedCapacity: count) { buffer, length in
            if let base = buffer.baseAddress { length = fillStart(bytes, count: count, base) }
        }
        guard ids.count > 1 else {
            output.append(contentsOf: ids)
            return
        }
        var next = (1...ids.count).map(Int32.init)
        var previous = (-1..<ids.count - 1).map { Int32($0) }
        var ranks = [UInt32](repeating: MergeTable.noRank, count: ids.count)
        var results = [Int32](repeating: -1, count: ids.count)
        var queue = MinHeap()
        queue.reserve(ids.count)
        for position in 0..<ids.count - 1 {
            (ranks[position], results[position]) = merges.find(ids[position], ids[position + 1])
            if ranks[position] != MergeTable.noRank { queue.push(UInt64(ranks[position]) << 32 | UInt64(position)) }
        }
        while let key = queue.pop() {
            let position = Int(key & 0xFFFF_FFFF)
            // A queue entry is stale when the pair at its position has changed since.
            guard UInt64(ranks[position]) == key >> 32 else { continue }
            let right = Int(next[position])
            ids[position] = results[position]
            next[position] = next[right]
            ranks[right] = MergeTable.noRank
            ids[right] = -1
            let after = Int(next[position])
            if after < ids.count {
                previous[after] = Int32(position)
                (ranks[position], results[position]) = merges.find(ids[position], ids[after])
                if ranks[position] != MergeTable.noRank { queue.push(UInt64(ranks[position]) << 32 | UInt64(position)) }
            } else {
                ranks[position] = MergeTable.noRank
            }
            let before = Int(previous[position])
            if before >= 0 {
                (ranks[before], results[before]) = merges.find(ids[before], ids[position])
                if ranks[before] != MergeTable.noRank { queue.push(UInt64(ranks[before]) << 32 | UInt64(before)) }
            }
        }
        for id in ids where id >= 0 { output.append(id) }
    }
}
