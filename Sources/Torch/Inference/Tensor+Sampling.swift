import CTorch

/// How the next token of one row is chosen. The order is that of the properties.
public struct SamplingRow: Sendable {
    /// One bit a token that may come; nil for all.
    public var mask: [UInt64]?
    /// Allowed whatever the mask says.
    public var extraIDs: [Int32] = []
    /// Never chosen.
    public var bannedIDs: [Int32] = []
    /// Added to the logits of tokens.
    public var biasIDs: [Int32] = []
    public var biases: [Float] = []
    /// Tokens of prompt and answer and how often each is in the answer, for the penalties.
    public var seenIDs: [Int32] = []
    public var seenCounts: [Int32] = []
    public var repetition = 1.0
    public var frequency = 0.0
    public var presence = 0.0
    /// 0 takes the likeliest.
    public var temperature = 0.0
    /// 0 for all.
    public var topK = 0
    public var topP = 1.0
    public var minP = 0.0
    /// In [0, 1): decides the draw.
    public var uniform = 0.0
    /// How many of the likeliest tokens are reported; nil reports no log-probability at all.
    public var numLikeliest: Int?

    public init() {}
}

/// A token and its log-probability under the raw logits; NaN when it was not asked for.
public struct ScoredToken: Sendable, Equatable {
    public var id: Int32
    public var logprob: Float

    public init(id: Int32, logprob: Float) {
        self.id = id
        self.logprob = logprob
    }
}

extension Tensor {
    /// Chooses one token a row of these logits (fp32 [n, V], changed): the token, whose id is -1 when none is allowed or
    /// the logits are not finite, and the likeliest ones.
    public func sample(_ rows: [SamplingRow]) -> [(token: ScoredToken, likeliest: [ScoredToken])] {
        guard isDefined, !rows.isEmpty else { return [] }
        // All lists one after another, in the order in which `take` hands them out; one spare entry gives an address.
        var ids: [Int32] = [], biases: [Float] = [], words: [UInt64] = []
        for row in rows {
            for list in [row.seenIDs, row.seenCounts, row.biasIDs, row.extraIDs, row.bannedIDs] { ids += list }
            biases += row.biases
            words += row.mask ?? []
        }
        ids.append(0)
        biases.append(0)
        words.append(0)
        let stride = rows.map { $0.numLikeliest ?? 0 }.max() ?? 0
        var chosen = [ct_token](repeating: ct_token(), count: rows.count)
        var likeliest = [ct_token](repeating: ct_token(id: -1, logprob: 0), count: Swift.max(1, rows.count * stride))
        ids.withUnsafeBufferPointer { ids in
            biases.withUnsafeBufferPointer { biases in
                words.withUnsafeBufferPointer { words in
                    guard var id = ids.baseAddress, var bias = biases.baseAddress, var word = words.baseAddress else {
                        return
                    }
                    func take(_ count: Int) -> UnsafePointer<Int32> {
                        defer { id += count }
                        return id
                    }
                    let descriptions = rows.map { row -> ct_sampling in
                        var description = ct_sampling()
                        description.seen = take(row.seenIDs.count)
                        description.seen_counts = take(row.seenCounts.count)
                        description.num_seen = Int32(min(row.seenIDs.count, row.seenCounts.count))
                        description.bias_ids = take(row.biasIDs.count)
                        description.biases = bias
                        description.num_biases = Int32(min(row.biasIDs.count, row.biases.count))
                        bias += row.biases.count
                        description.extra = take(row.extraIDs.count)
                        description.num_extra = Int32(row.extraIDs.count)
                        description.banned = take(row.bannedIDs.count)
                        description.num_banned = Int32(row.bannedIDs.count)
                        if let mask = row.mask {
                            description.mask = word
                            description.num_mask_words = Int64(mask.count)
                            word += mask.count
                        }
                        description.repetition = row.repetition
                        description.frequency = row.frequency
                        description.presence = row.presence
                        description.temperature = row.temperature
                        description.top_k = Int32(clamping: row.topK)
                        description.top_p = row.topP
                        description.min_p = row.minP
                        description.uniform = row.uniform
                        description.num_likeliest = Int32(clamping: row.numLikeliest ?? -1)
                        return description
                    }
                    _ = ct_sample(handle, descriptions, Int32(rows.count), &chosen, &likeliest, Int32(stride))
                }
            }
        }
        return rows.indices.map { row in
            let own = likeliest[(row * stride)..<(row * stride + (rows[row].numLikeliest ?? 0))]
            return (ScoredToken(chosen[row]), own.filter { $0.id >= 0 }.map { ScoredToken($0) })
        }
    }

    /// The log-probability of `targets[i]` in row i of these raw logits (fp32 [n, V]), followed by the likeliest tokens.
    public func logprobs(of targets: [Int32], numLikeliest: Int) -> [[ScoredToken]] {
        guard isDefined, !targets.isEmpty else { return [] }
        var chosen = [ct_token](repeating: ct_token(), count: targets.count)
        var likeliest = [ct_token](repeating: ct_token(), count: Swift.max(1, targets.count * numLikeliest))
        _ = ct_token_logprobs(handle, targets, Int32(targets.count), Int32(numLikeliest), &chosen, &likeliest)
        return targets.indices.map { row in
            let own = likeliest[(row * numLikeliest)..<((row + 1) * numLikeliest)]
            return [ScoredToken(chosen[row])] + own.filter { $0.id >= 0 }.map { ScoredToken($0) }
        }
    }
}

extension Tensor {
    /// How many tokens of row i of these logits [n, V] are at least as likely as `targets[i]`, which counts itself.
    public func ranks(of targets: [Int32]) -> [Int] {
        let own = gather(Tensor(targets.map(Int.init)).reshape(targets.count, 1))
        return (self - own).less(than: 0).sum(1).array(Int.self).map { size(1) - $0 }
    }
}

extension ScoredToken {
    fileprivate init(_ token: ct_token) { self.init(id: token.id, logprob: token.logprob) }
}
