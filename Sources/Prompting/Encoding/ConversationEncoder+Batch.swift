import Dispatch
import Synchronization

extension ConversationEncoder {
    /// Encodes many conversations on all processor cores; results are in the order of the conversations.
    ///
    /// - Parameter media: the grids of each conversation's media; empty when no conversation has any.
    public func encode(
        batch conversations: [Conversation], media: [MediaGrids] = []
    ) -> [Result<EncodedExample, ConversationError>] {
        let chunk = 16
        let results = Mutex([Result<EncodedExample, ConversationError>?](repeating: nil, count: conversations.count))
        DispatchQueue.concurrentPerform(iterations: (conversations.count + chunk - 1) / chunk) { index in
            let range = index * chunk..<min((index + 1) * chunk, conversations.count)
            let encoded = range.map { row in
                Result { () throws(ConversationError) in
                    try encode(conversations[row], media: row < media.count ? media[row] : .none)
                }
            }
            results.withLock { results in
                for (offset, result) in encoded.enumerated() { results[range.lowerBound + offset] = result }
            }
        }
        return results.withLock { $0.compactMap { $0 } }
    }
}
