/// Unigram: of all ways to write a piece as tokens, the one with the greatest sum of scores (Viterbi).
final class UnigramModel: Sendable {
    let vocabulary: TokenVocabulary
    private let trie: TokenTrie
    private let unknown: Int32?
    private let byteTokens: [Int32]?
    /// What a character without a token of its own costs.
    private let unknownScore: Double

    init(vocabulary: TokenVocabulary, scores: [Double], unknown: Int32?, hasByteFallback: Bool) {
        self.vocabulary = vocabulary
        self.unknown = unknown
        trie = TokenTrie(vocabulary, scores: scores)
        byteTokens = hasByteFallback ? vocabulary.byteTokens : nil
        unknownScore = (scores.min() ?? 0) - 10
    }

    @inline(__always)
    func encode(
        _ bytes: UnsafePointer<UInt8>, count: Int, into output: inout [Int32], _ scratch: EncodingScratch
    ) {
        scratch.encode(bytes, count: count, into: &output) { search($0, count: $1, into: &$2) }
    }

    /// The best way to reach a position: its score, and the last token and where that starts.
    private struct Node {
        var score = 0.0
        var start: Int32 = -1
        var token = TokenVocabulary.absent
    }

    private func search(_ bytes: UnsafePointer<UInt8>, count: Int, into output: inout [Int32]) {
        var nodes = [Node](repeating: Node(), count: count + 1)
        let noToken = unknown ?? TokenVocabulary.absent
        nodes.withUnsafeMutableBufferPointer { nodes in
            var position = 0
            while position < count {
                let reached = nodes[position].score
                let length = CharacterClasses.codePoint(bytes, position).length
                var hasCharacter = false
                trie.forEachPrefix(bytes, from: position, to: count) { token, own, end in
                    let score = own + reached
                    if nodes[end].start < 0 || score > nodes[end].score {
                        nodes[end] = Node(score: score, start: Int32(truncatingIfNeeded: position), token: token)
                    }
                    if end == position + length { hasCharacter = true }
                }
                if !hasCharacter {
                    let score = unknownScore + reached
                    let end = position + length
                    if nodes[end].start < 0 || score > nodes[end].score {
                        nodes[end] = Node(score: score, start: Int32(truncatingIfNeeded: position), token: noToken)
                    }
                }
                position += length
            }
        }
        collect(nodes, bytes, into: &output)
    }

    /// Appends the tokens of the best way; neighbouring unknown characters are one.
    private func collect(_ nodes: [Node], _ bytes: UnsafePointer<UInt8>, into output: inout [Int32]) {
        let first = output.count
        var end = nodes.count - 1
        var unknownEnd = -1
        func closeUnknown() {
            guard unknownEnd >= 0 else { return }
            appendUnknown(bytes + end, count: unknownEnd - end, into: &output)
            unknownEnd = -1
        }
        while end > 0 {
            let node = nodes[end]
            if node.token == unknown ?? TokenVocabulary.absent {
                if unknownEnd < 0 { unknownEnd = end }
            } else {
                closeUnknown()
                output.append(node.token)
            }
            end = Int(node.start)
        }
        closeUnknown()
        output[first...].reverse()
    }

    /// Appends, last first, what stands for characters without tokens.
    private func appendUnknown(_ bytes: UnsafePointer<UInt8>, count: Int, into output: inout [Int32]) {
        let whole = vocabulary.id(of: bytes, count: count)
        if whole != TokenVocabulary.absent {
            output.append(whole)
        } else if let byteTokens,
            (0..<count).allSatisfy({ byteTokens[Int(bytes[$0])] != TokenVocabulary.absent })
        {
            for offset in (0..<count).reversed() { output.append(byteTokens[Int(bytes[offset])]) }
        } else if let unknown {
            output.append(unknown)
        }
    }
}
