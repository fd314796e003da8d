import Datasets
import Prompting

/// Samples made of encoded rows: several rows packed into one, or pieces of rows that were put end to end.
struct ArrangedSamples: SampleSource {
    /// How rows become samples.
    enum Arrangement: Sendable, Hashable {
        /// Rows packed up to a length (`packing`, `neat_packing`); each still attends only to itself.
        case packed(capacity: Int)
        /// Rows put end to end and cut into blocks of a length, the first token of which is `firstID` where there is one
        /// (stage pt); what is left of a batch is dropped.
        case blocks(size: Int, firstID: Int32?)
    }

    /// A block begins within a row.
    private struct Block: Sendable {
        let row: Int32
        let offset: Int32
    }

    private let rows: any SampleSource
    let arrangement: Arrangement
    private let padID: Int32?
    private var packs: [[Int32]] = []
    private var blocks: [Block] = []
    /// Rows that are longer than a pack.
    private(set) var numTooLong = 0
    /// Tokens that fill no block.
    private(set) var numRestTokens = 0

    /// - Parameter batches: the rows that are arranged together, `preprocessing_batch_size` of them.
    init(_ rows: any SampleSource, batches: [Range<Int>], _ arrangement: Arrangement, padID: Int32?) {
        self.rows = rows
        self.arrangement = arrangement
        self.padID = padID
        for batch in batches {
            switch arrangement {
            case .packed(let capacity): pack(batch, capacity)
            case .blocks(let size, _): chop(batch, size)
            }
        }
    }

    private mutating func pack(_ batch: Range<Int>, _ capacity: Int) {
        let groups = GreedyKnapsack.groups(lengths: batch.map(rows.numTokens), capacity: capacity)
        packs += groups.map { $0.map { Int32($0 + batch.lowerBound) } }
        numTooLong += batch.count - groups.reduce(0) { $0 + $1.count }
    }

    private mutating func chop(_ batch: Range<Int>, _ size: Int) {
        let total = batch.reduce(0) { $0 + rows.numTokens(of: $1) }
        var place = 0
        for row in batch {
            let numTokens = rows.numTokens(of: row)
            var next = (place + size - 1) / size * size
            while next < place + numTokens, next + size <= total {
                blocks.append(Block(row: Int32(row), offset: Int32(next - place)))
                next += size
            }
            place += numTokens
        }
        numRestTokens += total % size
    }

    var count: Int { packs.count + blocks.count }

    func numTokens(of sample: Int) -> Int {
        if case .blocks(let size, _) = arrangement { return size }
        return packs[sample].reduce(0) { $0 + rows.numTokens(of: Int($1)) }
    }

    func examples(of sample: Int) throws -> [TrainingExample] {
        guard case .blocks(let size, let firstID) = arrangement else {
            return try packs[sample].flatMap { try rows.examples(of: Int($0)) }
        }
        let block = blocks[sample]
        var row = Int(block.row)
        guard var example = try rows.examples(of: row).first else { return [] }
        example.inputIDs.removeFirst(Int(block.offset))
        while example.inputIDs.count < size {
            row += 1
            for next in try rows.examples(of: row) { example.inputIDs += next.inputIDs }
        }
        example.inputIDs.removeLast(example.inputIDs.count - size)
        if let firstID { example.inputIDs[0] = firstID }
        // LLaMA-Factory's collator masks padding tokens wherever they stand.
        example.labels = example.inputIDs.map { $0 == padID ? EncodedExample.ignored : $0 }
        return [example]
    }
}
