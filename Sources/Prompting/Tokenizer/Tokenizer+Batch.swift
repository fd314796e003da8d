import Dispatch
import Synchronization

extension Tokenizer {
    /// The ids of many texts, encoded on all processor cores; the result is in the order of the texts.
    public func encode(
        batch texts: [String], splitSpecialTokens: Bool = false, addsSpecialTokens: Bool = false
    ) -> [[Int32]] {
        // Chunks, so that the lock around the results is taken rarely.
        let chunk = max(1, min(64, texts.count / 8))
        let numChunks = (texts.count + chunk - 1) / chunk
        let results = Mutex([[Int32]](repeating: [], count: texts.count))
        DispatchQueue.concurrentPerform(iterations: numChunks) { index in
            let range = index * chunk..<min((index + 1) * chunk, texts.count)
            let encoded = range.map {
                encode(texts[$0], splitSpecialTokens: splitSpecialTokens, addsSpecialTokens: addsSpecialTokens)
            }
            results.withLock { results in
                for (offset, ids) in encoded.enumerated() { results[range.lowerBound + offset] = ids }
            }
        }
        return results.withLock { $0 }
    }
}
