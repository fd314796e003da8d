/// Byte-pair encoding of one piece of text: the merge with the lowest rank first, the leftmost of equals.
final class BytePairModel: Sendable {
    let vocabulary: TokenVocabulary
    let merges: MergeTable
    /// Whether a piece that is a token is taken whole, without merging (Llama 3).
    let ignoresMerges: Bool
    let start: BytePairStart
    /// Where no merge can ever join the two sides.
    private let cuts: SafeCuts?

    /// Pieces longer than this are merged with a priority queue, so that time stays near-linear.
    private static let maxScannedLength = 160

    init(
        vocabulary: TokenVocabulary, merges: MergeTable, start: BytePairStart, cuts: SafeCuts?, ignoresMerges: Bool
    ) {
        self.vocabulary = vocabulary
        self.merges = merges
        self.start = start
        self.cuts = ignoresMerges ? nil : cuts
        self.ignoresMerges = ignoresMerges
    }

    /// Appends the tokens of one piece.
    @inline(__always)
    func encode(
        _ bytes: UnsafePointer<UInt8>, count: Int, into output: inout [Int32], _ scratch: EncodingScratch
    ) {
        if count <= EncodingScratch.maxCachedBytes {
            encodeShort(bytes, count: count, into: &output, scratch)
        } else {
            encodeLong(bytes, count: count, into: &output, scratch)
        }
    }

    @inline(__always)
    private func encodeShort(
        _ bytes: UnsafePointer<UInt8>, count: Int, into output: inout [Int32], _ scratch: EncodingScratch
    ) {
        let place = scratch.place(bytes, count: count)
        if scratch.append(place, to: &output) { return }
        let start = output.count
        merge(bytes, count: count, into: &output, scratch)
        scratch.keep(place, output, from: start)
    }

    /// Cuts a long piece where that changes nothing: what is left between is short and mostly known.
    @inline(never)
    private func encodeLong(
        _ bytes: UnsafePointer<UInt8>, count: Int, into output: inout [Int32], _ scratch: EncodingScratch
    ) {
        guard let cuts else { return merge(bytes, count: count, into: &output, scratch) }
        var done = 0
        while done < count {
            let cut = cuts.next(bytes, after: done, count: count, start)
            if cut - done <= EncodingScratch.maxCachedBytes {
                encodeShort(bytes + done, count: cut - done, into: &output, scratch)
            } else {
                merge(bytes + done, count: cut - done, into: &output, scratch)
            }
            done = cut
        }
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
        var length = start.fill(bytes, count: count, ids, vocabulary)
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

    /// As `merge`, for pieces of any length: a priority queue of (rank, position) over a linked list of tokens.
    private func mergeLong(_ bytes: UnsafePointer<UInt8>, count: Int, into output: inout [Int32]) {
        var ids = [Int32](unsafeUninitializedCapacity: count) { buffer, length in
            if let base = buffer.baseAddress { length = start.fill(bytes, count: count, base, vocabulary) }
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
