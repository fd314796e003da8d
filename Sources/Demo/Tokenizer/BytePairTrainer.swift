/// Learns byte-pair merges: again and again the most frequent neighbouring pair becomes one token.
struct BytePairTrainer {
    /// At most so many merges are learnt.
    var maxMerges: Int
    /// A pair seen less often than this is never merged.
    var minCount: Int = 2

    /// A merge of two tokens, each written as its bytes.
    struct Merge: Sendable, Equatable {
        var left: [UInt8]
        var right: [UInt8]
    }

    /// The merges learnt from `pieces` (pre-token and how often it occurs), the most frequent first.
    /// Ties go to the pair with the smaller token numbers, so that the result depends on the input alone.
    func train(pieces: [String: Int]) -> [Merge] {
        var tokens: [[UInt8]] = (UInt8.min...UInt8.max).map { [$0] }
        var words = pieces.sorted { $0.key < $1.key }.map { (ids: Array($0.key.utf8).map(Int.init), count: $0.value) }
        var merges: [Merge] = []
        while merges.count < maxMerges, let best = mostFrequentPair(in: words) {
            merges.append(Merge(left: tokens[best.left], right: tokens[best.right]))
            let merged = tokens.count
            tokens.append(tokens[best.left] + tokens[best.right])
            for index in words.indices {
                words[index].ids = join(best, as: merged, in: words[index].ids)
            }
        }
        return merges
    }

    private struct Pair: Hashable {
        var left: Int
        var right: Int
    }

    private func mostFrequentPair(in words: [(ids: [Int], count: Int)]) -> Pair? {
        var counts: [Pair: Int] = [:]
        for word in words {
            for (left, right) in zip(word.ids, word.ids.dropFirst()) {
                counts[Pair(left: left, right: right), default: 0] += word.count
            }
        }
        let best = counts.max { one, other in
            (one.value, -one.key.left, -one.key.right) < (other.value, -other.key.left, -other.key.right)
        }
        guard let best, best.value >= minCount else { return nil }
        return best.key
    }

    private func join(_ pair: Pair, as merged: Int, in ids: [Int]) -> [Int] {
        var result: [Int] = []
        var index = 0
        while index < ids.count {
            if index + 1 < ids.count, ids[index] == pair.left, ids[index + 1] == pair.right {
                result.append(merged)
                index += 2
            } else {
                result.append(ids[index])
                index += 1
            }
        }
        return result
    }
}
