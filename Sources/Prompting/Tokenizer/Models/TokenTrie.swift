/// The tokens of a vocabulary as a trie over bytes: all tokens that a text begins with, in one walk.
final class TokenTrie: @unchecked Sendable {  // The memory is written in `init` only.
    private struct Node {
        var token = TokenVocabulary.absent
        var firstChild: UInt32 = 0
        var numChildren: UInt16 = 0
        /// The byte that leads here.
        var byte: UInt8
        /// The token's.
        var score = 0.0
    }

    /// Level by level; the children of a node stand together, sorted by byte.
    private let nodes: UnsafePointer<Node>
    /// The root's child for each first byte, 0 for none.
    private var roots = [UInt32](repeating: 0, count: 256)

    /// - Parameter scores: by id.
    init(_ vocabulary: TokenVocabulary, scores: [Double]) {
        var nodes = [Node(byte: 0)]
        var tokens: [(bytes: UnsafeBufferPointer<UInt8>, id: Int32)] = []
        for id in 0..<Int32(vocabulary.idLimit) {
            guard let bytes = vocabulary.bytes(of: id), let base = bytes.baseAddress, !bytes.isEmpty,
                vocabulary.id(of: base, count: bytes.count) == id
            else { continue }
            tokens.append((bytes, id))
        }
        tokens.sort { $0.bytes.lexicographicallyPrecedes($1.bytes) }
        // Each entry: a node and the tokens below it.
        var level = [(node: 0, range: 0..<tokens.count)]
        var depth = 0
        while !level.isEmpty {
            var next: [(node: Int, range: Range<Int>)] = []
            for (node, range) in level {
                var start = range.lowerBound
                while start < range.upperBound, tokens[start].bytes.count == depth {
                    nodes[node].token = tokens[start].id
                    nodes[node].score = scores[Int(tokens[start].id)]
                    start += 1
                }
                nodes[node].firstChild = UInt32(nodes.count)
                while start < range.upperBound {
                    let byte = tokens[start].bytes[depth]
                    var end = start + 1
                    while end < range.upperBound, tokens[end].bytes[depth] == byte { end += 1 }
                    if node == 0 { roots[Int(byte)] = UInt32(nodes.count) }
                    next.append((nodes.count, start..<end))
                    nodes.append(Node(byte: byte))
                    nodes[node].numChildren += 1
                    start = end
                }
            }
            level = next
            depth += 1
        }
        let memory = UnsafeMutableBufferPointer<Node>.allocate(capacity: nodes.count)
        _ = memory.initialize(from: nodes)
        self.nodes = UnsafePointer(memory.baseAddress.unsafelyUnwrapped)  // The root is always there.
    }

    deinit { nodes.deallocate() }

    /// Calls `body` with every token that the text at `start` begins with, the shortest first.
    @inline(__always)
    func forEachPrefix(
        _ bytes: UnsafePointer<UInt8>, from start: Int, to end: Int,
        _ body: (_ token: Int32, _ score: Double, _ end: Int) -> Void
    ) {
        let nodes = nodes
        var node = Int(roots[Int(bytes[start])])
        var position = start + 1
        while node != 0 {
            let current = nodes[node]
            if current.token != TokenVocabulary.absent { body(current.token, current.score, position) }
            guard position < end else { return }
            let byte = bytes[position]
            var low = Int(current.firstChild)
            var high = low + Int(current.numChildren)
            while high - low > 8 {
                let middle = (low + high) >> 1
                if nodes[middle].byte <= byte { low = middle } else { high = middle }
            }
            node = 0
            while low < high {
                if nodes[low].byte == byte {
                    node = low
                    break
                }
                low += 1
            }
            position += 1
        }
    }
}
