/// What a block of the cache holds, so that another request finds it: the chain of blocks before it, and its own tokens.
///
/// The chain is a number that is given out once for each distinct (chain, tokens, content): by induction two equal keys
/// mean equal histories, without any chance of a collision.
struct BlockKey: Hashable, Sendable {
    /// Chain of the block before; for the first block a number of the adapter.
    var parent: UInt64
    var tokenIDs: [Int32]
    /// What the tokens do not say: content of images and positions.
    var content: [Int]
}

/// Who owns which blocks of the cache. Blocks nobody uses keep their content until they are needed, the longest unused
/// first, and are found by their keys.
struct BlockAllocator: Sendable {
    typealias Block = Int32

    let numBlocks: Int
    private(set) var numFree: Int
    private var references: [Int32]
    /// Free blocks as a doubly linked list, the next to be reused in front; entry `numBlocks` is both ends.
    private var next: [Int32]
    private var previous: [Int32]
    private var blocks: [BlockKey: (block: Block, chain: UInt64)] = [:]
    private var keys: [[BlockKey]]
    /// Whether the content has been computed; a key may be registered while it is on the way.
    private var isComputed: [Bool]
    /// Below 2^32 lie the roots of adapters.
    private var nextChain: UInt64 = 1 << 32

    init(numBlocks: Int) {
        self.numBlocks = numBlocks
        numFree = numBlocks
        references = Array(repeating: 0, count: numBlocks)
        next = (0...numBlocks).map { Int32($0 == numBlocks ? 0 : $0 + 1) }
        previous = (0...numBlocks).map { Int32($0 == 0 ? numBlocks : $0 - 1) }
        keys = Array(repeating: [], count: numBlocks)
        isComputed = Array(repeating: false, count: numBlocks)
    }

    var numUsed: Int { numBlocks - numFree }
    func references(of block: Block) -> Int { Int(references[Int(block)]) }

    /// An empty block of one owner; nil when all are in use.
    mutating func allocate() -> Block? {
        guard numFree > 0 else { return nil }
        let block = next[numBlocks]
        unlink(block)
        forget(block)
        references[Int(block)] = 1
        return block
    }

    /// One more owner.
    mutating func retain(_ block: Block) {
        if references[Int(block)] == 0 { unlink(block) }
        references[Int(block)] += 1
    }

    /// One owner less; the last one's leaving makes the block free, its content still to be found.
    mutating func release(_ block: Block) {
        precondition(references[Int(block)] > 0, "block \(block) was released once too often")
        references[Int(block)] -= 1
        guard references[Int(block)] == 0 else { return }
        if !isComputed[Int(block)] { forget(block) }
        link(block, atFront: keys[Int(block)].isEmpty)
    }

    /// Makes a block be found by `key` and returns the chain it ends; a block that is known for the key already stays.
    mutating func register(_ block: Block, as key: BlockKey) -> UInt64 {
        if let known = blocks[key] { return known.chain }
        let chain = nextChain
        nextChain += 1
        blocks[key] = (block, chain)
        keys[Int(block)].append(key)
        return chain
    }

    func lookup(_ key: BlockKey) -> (block: Block, chain: UInt64)? { blocks[key] }

    mutating func markComputed(_ block: Block) { isComputed[Int(block)] = true }
    func isComputed(_ block: Block) -> Bool { isComputed[Int(block)] }

    /// The block is not found by those keys any more: it is about to be written otherwise.
    mutating func forget(_ block: Block, where isWrong: (BlockKey) -> Bool) {
        for key in keys[Int(block)] where isWrong(key) { blocks[key] = nil }
        keys[Int(block)].removeAll(where: isWrong)
    }

    /// No block is found any more; owners keep theirs.
    mutating func forgetAll() {
        blocks.removeAll()
        for index in keys.indices { keys[index].removeAll() }
    }

    private mutating func forget(_ block: Block) {
        for key in keys[Int(block)] { blocks[key] = nil }
        keys[Int(block)].removeAll()
        isComputed[Int(block)] = false
    }

    private mutating func unlink(_ block: Block) {
        let before = previous[Int(block)], after = next[Int(block)]
        next[Int(before)] = after
        previous[Int(after)] = before
        numFree -= 1
    }

    private mutating func link(_ block: Block, atFront: Bool) {
        let end = Int32(numBlocks)
        let before = atFront ? end : previous[numBlocks], after = atFront ? next[numBlocks] : end
        next[Int(before)] = block
        previous[Int(block)] = before
        next[Int(block)] = after
        previous[Int(after)] = block
        numFree += 1
    }
}
