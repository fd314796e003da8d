/// What the next step computes.
struct StepPlan: Sendable, Equatable {
    /// Tokens `range` of a sequence.
    struct Chunk: Sendable, Equatable {
        var id: Int
        var range: Range<Int>
        /// Whether the sequence's newest token is among them, so that the next one can be chosen.
        var isLast: Bool
        /// How many of the tokens, the last ones, are guesses that follow the newest token.
        var numGuessed = 0
    }
    /// Blocks to be copied before the step.
    struct Copy: Sendable, Equatable {
        var from: BlockAllocator.Block
        var to: BlockAllocator.Block
    }

    /// Parts of prompts.
    var prompts: [Chunk] = []
    /// The newest token of each answer.
    var answers: [Chunk] = []
    var copies: [Copy] = []

    var isEmpty: Bool { prompts.isEmpty && answers.isEmpty }
}

/// Decides who runs and with which blocks. Continuous batching: every step takes one token of each running answer, and as
/// much of the prompts as the token budget allows, the oldest request first. When blocks run out, the youngest request
/// gives its own back and is computed again later.
struct Scheduler: Sendable {
    struct Limits: Sendable {
        /// Requests that run at the same time.
        var numSequences = 256
        /// Prompt tokens of one step.
        var tokensPerStep = 512
        /// Whether blocks are shared between requests of a common prefix.
        var sharesPrefixes = true
    }

    static let blockSize = 16

    let limits: Limits
    private(set) var allocator: BlockAllocator
    private(set) var sequences: [Int: SequenceState] = [:]
    /// Oldest first.
    private(set) var running: [Int] = []
    private(set) var waiting: [Int] = []
    private(set) var numPreemptions = 0
    private(set) var numCachedTokens = 0

    init(numBlocks: Int, limits: Limits = Limits()) {
        self.limits = limits
        allocator = BlockAllocator(numBlocks: numBlocks)
    }

    var isIdle: Bool { running.isEmpty && waiting.isEmpty }

    mutating func add(_ sequence: SequenceState) {
        sequences[sequence.id] = sequence
        waiting.append(sequence.id)
    }

    /// Ends a request and frees its blocks.
    mutating func remove(_ id: Int) {
        guard sequences[id] != nil else { return }
        releaseBlocks(id)
        sequences[id] = nil
        running.removeAll { $0 == id }
        waiting.removeAll { $0 == id }
    }

    /// A chosen token of a running request.
    mutating func append(_ token: Int32, to id: Int) { sequences[id]?.tokenIDs.append(token) }

    /// Guesses how an answer goes on; the next step computes them with its newest token. Too many for the free blocks are
    /// left out.
    mutating func guess(_ tokens: [Int32], for id: Int) {
        guard let sequence = sequences[id], sequence.numPending == 1, !sequence.isAlone else { return }
        let room = (sequence.table.count + max(0, allocator.numFree - running.count)) * Self.blockSize
        sequences[id]?.guesses = Array(tokens.prefix(max(0, room - sequence.tokenIDs.count)))
    }

    /// The first `count` guesses of the last step turned out right and have been appended: their keys and values are there.
    mutating func keepGuesses(_ count: Int, of id: Int) {
        guard count > 0, var sequence = sequences[id] else { return }
        let first = sequence.numComputed / Self.blockSize
        sequence.numComputed += count
        register(&sequence)
        for index in first..<max(first, sequence.numComputed / Self.blockSize) where index < sequence.table.count {
            allocator.markComputed(sequence.table[index])
        }
        sequences[id] = sequence
    }

    /// No request finds blocks of earlier ones: the weights have changed.
    mutating func forgetPrefixes() { allocator.forgetAll() }

    /// Puts running requests back to be computed anew, each in passes of its own: a pass with them has failed.
    mutating func isolate(_ ids: [Int]) {
        allocator.forgetAll()
        for id in ids.reversed() where sequences[id] != nil {
            sendBack(id)
            sequences[id]?.isAlone = true
        }
    }

    /// Plans a step. The plan counts as computed; `complete` confirms it.
    mutating func schedule() -> StepPlan {
        var plan = StepPlan()
        var budget = limits.tokensPerStep
        // One that must be alone comes first, once; `complete` lets it join the others.
        let order =
            running.filter { sequences[$0]?.isAlone == true } + running.filter { sequences[$0]?.isAlone != true }
        for id in order {
            // An earlier one may have sent this one back.
            guard let sequence = sequences[id], running.contains(id) else { continue }
            guard !sequence.isAlone || plan.isEmpty else { continue }
            let isAnswer = sequence.numPending == 1
            let count = isAnswer ? 1 : min(sequence.numPending, budget)
            let numGuessed = isAnswer ? sequence.guesses.count : 0
            guard count > 0, grow(id, to: sequence.numComputed + count + numGuessed, &plan) else { continue }
            plan.add(take(id, count), isAnswer: isAnswer)
            if !isAnswer { budget -= count }
            if sequence.isAlone { return plan }
        }
        while budget > 0, let id = waiting.first, running.count < limits.numSequences {
            guard let sequence = sequences[id], !sequence.isAlone || plan.isEmpty, admit(id, &plan) else { break }
            waiting.removeFirst()
            running.append(id)
            let count = min(sequences[id]?.numPending ?? 0, budget)
            guard grow(id, to: (sequences[id]?.numComputed ?? 0) + count, &plan) else { break }
            plan.add(take(id, count), isAnswer: false)
            budget -= count
            if sequence.isAlone { return plan }
        }
        return plan
    }

    /// These parts of a step have been computed: their blocks hold what their keys say.
    mutating func complete(_ chunks: [StepPlan.Chunk]) {
        for chunk in chunks {
            guard var sequence = sequences[chunk.id] else { continue }
            sequence.isAlone = false
            sequence.guesses = []
            let end = chunk.range.upperBound - chunk.numGuessed
            for index in 0..<(end / Self.blockSize) where index >= chunk.range.lowerBound / Self.blockSize {
                if index < sequence.table.count { allocator.markComputed(sequence.table[index]) }
            }
            registerRest(&sequence, upTo: end)
            sequences[chunk.id] = sequence
        }
    }

    // MARK: parts

    /// Finds cached blocks for a waiting request and checks that its prompt has room.
    private mutating func admit(_ id: Int, _ plan: inout StepPlan) -> Bool {
        guard var sequence = sequences[id] else { return false }
        let total = sequence.tokenIDs.count
        var found: [BlockAllocator.Block] = [], chains: [UInt64] = []
        var numFound = 0
        if limits.sharesPrefixes, sequence.usesCache, !sequence.isAlone {
            // The last token is always computed: its hidden state is needed.
            while (found.count + 1) * Self.blockSize <= total {
                sequence.chains = chains
                let key = sequence.key(block: found.count, count: Self.blockSize, blockSize: Self.blockSize)
                guard let known = allocator.lookup(key) else { break }
                // A block that will be written must be whole before it can be copied.
                if (found.count + 1) * Self.blockSize == total, !allocator.isComputed(known.block) { break }
                found.append(known.block)
                chains.append(known.chain)
            }
            numFound = found.count * Self.blockSize
            sequence.chains = chains
            // The end of an earlier prompt, in a block that others may write further.
            for count in stride(from: min(total - numFound, Self.blockSize - 1), to: 1, by: -1) {
                let key = sequence.key(block: found.count, count: count, blockSize: Self.blockSize)
                guard let known = allocator.lookup(key), allocator.isComputed(known.block) else { continue }
                found.append(known.block)
                numFound += count
                break
            }
        }
        numFound = min(numFound, total - 1)
        let needed = (total + Self.blockSize - 1) / Self.blockSize - found.count
        let revived = found.count { allocator.references(of: $0) == 0 }
        // Room stays for what running prompts still need, and a little for the answers, or they would be sent back at
        // once; a copy may take one more.
        let promised = running.reduce(0) { sum, id in
            guard let other = sequences[id] else { return sum }
            return sum + max(0, (other.tokenIDs.count + Self.blockSize - 1) / Self.blockSize - other.table.count)
        }
        let reserve = running.isEmpty ? 0 : running.count + 1 + promised
        guard allocator.numFree - revived >= needed + reserve else { return false }
        found.forEach { allocator.retain($0) }
        sequence.table = found
        sequence.chains = chains
        sequence.numComputed = numFound
        sequence.numCached = numFound
        numCachedTokens += numFound
        sequences[id] = sequence
        return true
    }

    /// Gives a sequence blocks of its own for tokens up to `count`; false when it was sent back for want of them.
    private mutating func grow(_ id: Int, to count: Int, _ plan: inout StepPlan) -> Bool {
        guard let sequence = sequences[id] else { return false }
        // The block that is written next may be shared.
        let index = sequence.numComputed / Self.blockSize
        if index < sequence.table.count, allocator.references(of: sequence.table[index]) > 1 {
            guard let block = makeRoom(for: id, &plan) else { return false }
            plan.copies.append(StepPlan.Copy(from: sequence.table[index], to: block))
            allocator.release(sequence.table[index])
            sequences[id]?.table[index] = block
        } else if index < sequence.table.count {
            let slot = sequence.numComputed % Self.blockSize, rest = sequence.tokenIDs[sequence.numComputed...]
            allocator.forget(sequence.table[index]) { key in
                key.tokenIDs.count > slot && !rest.starts(with: key.tokenIDs[slot...])
            }
        }
        while let held = sequences[id]?.table.count, held * Self.blockSize < count {
            guard let block = makeRoom(for: id, &plan) else { return false }
            sequences[id]?.table.append(block)
        }
        return true
    }

    /// A free block, taken from the youngest requests if need be; nil when `id` itself had to go.
    private mutating func makeRoom(for id: Int, _ plan: inout StepPlan) -> BlockAllocator.Block? {
        while true {
            if let block = allocator.allocate() { return block }
            guard let youngest = running.last else { return nil }
            numPreemptions += 1
            sendBack(youngest)
            plan.drop(youngest)
            if youngest == id { return nil }
        }
    }

    /// Frees the blocks of a running request, which waits first in line to be computed again.
    private mutating func sendBack(_ id: Int) {
        releaseBlocks(id)
        running.removeAll { $0 == id }
        waiting.removeAll { $0 == id }
        waiting.insert(id, at: 0)
    }

    private mutating func releaseBlocks(_ id: Int) {
        // Last blocks first: the beginning of a prompt is what others share.
        for block in (sequences[id]?.table ?? []).reversed() { allocator.release(block) }
        sequences[id]?.table = []
        sequences[id]?.chains = []
        sequences[id]?.numComputed = 0
        sequences[id]?.guesses = []
    }

    /// Counts the next tokens as computed and registers the blocks they fill.
    private mutating func take(_ id: Int, _ count: Int) -> StepPlan.Chunk {
        guard var sequence = sequences[id] else { return StepPlan.Chunk(id: id, range: 0..<0, isLast: false) }
        let range = sequence.numComputed..<(sequence.numComputed + count)
        sequence.numComputed += count
        register(&sequence)
        sequences[id] = sequence
        let numGuessed = sequence.guesses.count
        return StepPlan.Chunk(
            id: id, range: range.lowerBound..<(range.upperBound + numGuessed),
            isLast: range.upperBound == sequence.tokenIDs.count, numGuessed: numGuessed)
    }

    /// Lets others find the blocks that a sequence has filled.
    private mutating func register(_ sequence: inout SequenceState) {
        guard limits.sharesPrefixes, sequence.usesCache else { return }
        while (sequence.chains.count + 1) * Self.blockSize <= sequence.numComputed {
            let index = sequence.chains.count
            let key = sequence.key(block: index, count: Self.blockSize, blockSize: Self.blockSize)
            sequence.chains.append(allocator.register(sequence.table[index], as: key))
        }
    }

    /// Registers the end of a prompt that does not fill its block.
    private mutating func registerRest(_ sequence: inout SequenceState, upTo count: Int) {
        let rest = count % Self.blockSize
        guard limits.sharesPrefixes, sequence.usesCache, count == sequence.numPromptTokens, rest > 1,
            sequence.chains.count == count / Self.blockSize, sequence.chains.count < sequence.table.count
        else { return }
        let block = sequence.table[sequence.chains.count]
        allocator.markComputed(block)
        _ = allocator.register(
            block, as: sequence.key(block: sequence.chains.count, count: rest, blockSize: Self.blockSize))
    }
}

extension StepPlan {
    fileprivate mutating func add(_ chunk: Chunk, isAnswer: Bool) {
        if isAnswer { answers.append(chunk) } else { prompts.append(chunk) }
    }

    /// A request that was sent back takes no part.
    fileprivate mutating func drop(_ id: Int) {
        prompts.removeAll { $0.id == id }
        answers.removeAll { $0.id == id }
    }
}
