import Basics
import Torch
import Testing

@testable import Inference

struct SchedulerTests {
    /// A small generator, so that every failure can be repeated.
    struct Random {
        var source: SplitMix64
        init(_ seed: UInt64) { source = SplitMix64(seed: seed, stream: 0) }
        mutating func below(_ limit: Int) -> Int { Int(source.next() % UInt64(limit)) }
    }

    /// Every block in a table counts as many owners as tables hold it, and the rest is free.
    static func check(_ scheduler: Scheduler) {
        var owners: [Int32: Int] = [:]
        for sequence in scheduler.sequences.values {
            #expect(Set(sequence.table).count == sequence.table.count)
            #expect(sequence.table.count * Scheduler.blockSize >= sequence.numComputed)
            for block in sequence.table { owners[block, default: 0] += 1 }
        }
        for block in 0..<Int32(scheduler.allocator.numBlocks) {
            #expect(scheduler.allocator.references(of: block) == owners[block, default: 0])
        }
        #expect(scheduler.allocator.numUsed == owners.count)
        #expect(scheduler.allocator.numFree + scheduler.allocator.numUsed == scheduler.allocator.numBlocks)
        #expect(Set(scheduler.running).isDisjoint(with: scheduler.waiting))
    }

    /// A cache of token histories instead of keys: what a block holds is known, so that sharing can be checked.
    struct Memory {
        var slots: [[Int]]
        init(numBlocks: Int) {
            slots = Array(repeating: Array(repeating: -1, count: Scheduler.blockSize), count: numBlocks)
        }

        mutating func run(_ plan: StepPlan, _ scheduler: Scheduler) {
            for copy in plan.copies { slots[Int(copy.to)] = slots[Int(copy.from)] }
            for chunk in plan.prompts + plan.answers {
                guard let sequence = scheduler.sequences[chunk.id] else { continue }
                for index in chunk.range { write(sequence, index) }
            }
            // Every position up to the chunk's end must hold this sequence's own history.
            for chunk in plan.prompts + plan.answers {
                guard let sequence = scheduler.sequences[chunk.id] else { continue }
                for index in 0..<chunk.range.upperBound {
                    let block = Int(sequence.table[index / Scheduler.blockSize])
                    #expect(slots[block][index % Scheduler.blockSize] == Self.history(sequence, index))
                }
            }
        }

        private mutating func write(_ sequence: SequenceState, _ index: Int) {
            slots[Int(sequence.table[index / Scheduler.blockSize])][index % Scheduler.blockSize] = Self.history(
                sequence, index)
        }

        /// What a key depends on: every token so far and the adapter.
        static func history(_ sequence: SequenceState, _ index: Int) -> Int {
            (sequence.tokenIDs + sequence.guesses)[0...index].reduce(Int(sequence.root)) {
                ($0 &* 31 &+ Int($1)) % 1_000_003
            }
        }
    }

    @Test(
        "Whatever comes and goes, blocks have exactly their owners, hold their histories, and none is lost",
        arguments: 0..<40)
    func properties(_ seed: UInt64) {
        var random = Random(seed)
        let numBlocks = 12 + random.below(30)
        var limits = Scheduler.Limits()
        limits.numSequences = 1 + random.below(8)
        limits.tokensPerStep = 1 + random.below(70)
        limits.sharesPrefixes = seed % 4 != 3
        var scheduler = Scheduler(numBlocks: numBlocks, limits: limits)
        var memory = Memory(numBlocks: numBlocks)
        var nextID = 0
        var ends: [Int: Int] = [:]
        var numSteps = 0
        while nextID < 60 || !scheduler.isIdle {
            numSteps += 1
            if nextID < 60, random.below(3) == 0 {
                for _ in 0...random.below(3) {
                    // Few different prompts, so that many share their beginnings.
                    let kind = random.below(3), count = 1 + random.below(90)
                    let tokens = (0..<count).map { Int32(($0 * (kind + 1)) % 7) }
                    scheduler.add(SequenceState(id: nextID, tokenIDs: tokens, root: UInt64(random.below(2))))
                    ends[nextID] = min(count + 1 + random.below(40), numBlocks * Scheduler.blockSize)
                    nextID += 1
                }
            }
            if random.below(25) == 0, let id = scheduler.sequences.keys.min() { scheduler.remove(id) }
            if random.below(40) == 0 { scheduler.forgetPrefixes() }
            for id in scheduler.running where random.below(3) == 0 && scheduler.sequences[id]?.numPending == 1 {
                scheduler.guess((0..<random.below(20)).map { _ in Int32(random.below(3)) }, for: id)
            }
            let plan = scheduler.schedule()
            Self.check(scheduler)
            #expect(!plan.isEmpty || scheduler.isIdle)
            #expect(plan.prompts.reduce(0) { $0 + $1.range.count } <= limits.tokensPerStep)
            if random.below(30) == 0 {
                // A pass that failed.
                scheduler.isolate((plan.prompts + plan.answers).map(\.id))
                Self.check(scheduler)
                continue
            }
            memory.run(plan, scheduler)
            let guesses = scheduler.sequences.mapValues(\.guesses)
            scheduler.complete(plan.prompts + plan.answers)
            for chunk in plan.prompts + plan.answers where chunk.isLast {
                guard let sequence = scheduler.sequences[chunk.id] else { continue }
                let right = (guesses[chunk.id] ?? []).prefix(
                    chunk.numGuessed > 0 ? random.below(chunk.numGuessed + 1) : 0)
                if sequence.tokenIDs.count + right.count + 1 >= ends[chunk.id] ?? 0 {
                    scheduler.remove(chunk.id)
                } else {
                    for token in right + [Int32(random.below(3))] { scheduler.append(token, to: chunk.id) }
                    scheduler.keepGuesses(right.count, of: chunk.id)
                }
            }
            guard numSteps < 20_000 else {
                Issue.record("the scheduler does not come to an end")
                break
            }
        }
        #expect(scheduler.allocator.numFree == numBlocks)
    }

    @Test("64 requests with a common beginning read it once")
    func commonPrefix() {
        var scheduler = Scheduler(numBlocks: 4000)
        for id in 0..<64 {
            scheduler.add(SequenceState(id: id, tokenIDs: (0..<512).map { Int32($0) } + [Int32(1000 + id), 7, 8]))
        }
        var numRead = 0
        for _ in 0..<5 {
            let plan = scheduler.schedule()
            numRead += plan.prompts.reduce(0) { $0 + $1.range.count }
            scheduler.complete(plan.prompts)
            for chunk in plan.prompts where chunk.isLast { scheduler.append(1, to: chunk.id) }
        }
        #expect(numRead == 512 + 64 * 3)
        #expect(scheduler.numCachedTokens == 63 * 512)
    }
}
