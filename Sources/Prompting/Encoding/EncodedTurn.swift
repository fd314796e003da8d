/// The ids of one message with what the template puts around it, and where media are in them.
struct EncodedTurn {
    var ids: [Int32] = []
    var spans: [MediaSpan] = []
    /// What the ids weigh in the loss when they are learned; empty when all weigh one.
    var weights: [Float] = []

    mutating func append(_ other: EncodedTurn) {
        spans += other.spans.map { span in
            MediaSpan(
                kind: span.kind, index: span.index,
                range: span.range.lowerBound + ids.count..<span.range.upperBound + ids.count)
        }
        if !weights.isEmpty || !other.weights.isEmpty {
            weights = allWeights + other.allWeights
        }
        ids += other.ids
    }

    /// The weight of every id.
    var allWeights: [Float] { weights.isEmpty ? [Float](repeating: 1, count: ids.count) : weights }

    /// Keeps the first `length` ids.
    ///
    /// - Throws: when that would cut into or lose an image or video.
    mutating func cut(to length: Int) throws(ConversationError) {
        guard length < ids.count else { return }
        if let span = spans.first(where: { $0.range.upperBound > length }) {
            throw ConversationError(
                .mediaCut,
                "\(span.kind) \(span.index + 1) takes \(span.range.count) tokens and does not fit the cutoff: raise "
                    + "cutoff_len or lower \(span.kind)_max_pixels")
        }
        ids.removeSubrange(length...)
        if !weights.isEmpty { weights.removeSubrange(length...) }
    }
}
