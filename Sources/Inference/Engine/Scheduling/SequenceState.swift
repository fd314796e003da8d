/// One request as the scheduler sees it: numbers only.
struct SequenceState: Sendable {
    let id: Int
    /// Prompt and answer so far.
    var tokenIDs: [Int32]
    let numPromptTokens: Int
    /// Chain of the first block: which adapter computed the keys and values.
    let root: UInt64
    /// What the tokens do not say; nil for text.
    let content: MediaContent?
    /// Whether cached blocks may stand for computed ones.
    let usesCache: Bool
    /// Whether the sequence must run in a pass of its own: it was in one that failed.
    var isAlone = false

    /// Tokens whose keys and values are in the cache, or will be after the pass that is planned.
    var numComputed = 0
    /// Of those, how many were found there at the last admission.
    var numCached = 0
    var table: [BlockAllocator.Block] = []
    /// Chain after each registered block.
    var chains: [UInt64] = []
    /// Tokens that may follow the newest one; computed with it, and kept where they turn out right.
    var guesses: [Int32] = []

    init(
        id: Int, tokenIDs: [Int32], root: UInt64 = 0, content: MediaContent? = nil, usesCache: Bool = true
    ) {
        self.id = id
        self.tokenIDs = tokenIDs
        numPromptTokens = tokenIDs.count
        self.root = root
        self.content = content
        self.usesCache = usesCache
    }

    /// Tokens that wait for a pass: one while the answer is written, many of a prompt.
    var numPending: Int { tokenIDs.count - numComputed }

    func key(block index: Int, count: Int, blockSize: Int) -> BlockKey {
        let first = index * blockSize
        return BlockKey(
            parent: index == 0 ? root : chains[index - 1], tokenIDs: Array(tokenIDs[first..<(first + count)]),
            content: content?.ofBlock(index, blockSize: blockSize) ?? [])
    }
}
