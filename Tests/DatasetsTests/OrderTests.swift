import Foundation
import Testing

@testable import Datasets

@Suite struct OrderTests {
    private let golden: Golden

    init() throws { golden = try Golden.load() }

    @Test func `permutations equal torch.randperm and NumPy's default_rng`() {
        #expect(golden.permutations.count == 80)
        for item in golden.permutations {
            #expect(
                item.torch.matches(TorchPermutation.randperm(item.count, seed: item.seed)),
                "torch \(item.count) \(item.seed)")
            var random = NumPyRandom(seed: UInt64(item.seed))
            let isNumPy = item.numpy.matches(random.permutation(item.count))
            #expect(isNumPy, "numpy \(item.count) \(item.seed)")
        }
    }

    @Test func `num_samples draws what NumPy's global generator draws, and leaves it in the same state`() {
        #expect(golden.samples.count == 6)
        for item in golden.samples {
            var random = NumPyLegacyRandom(seed: UInt32(item.seed))
            #expect(item.rows.matches(random.sample(of: item.total, count: item.count)), "\(item.total) \(item.count)")
            #expect(item.after.matches(random.permutation(20)), "\(item.total) \(item.count)")
        }
    }

    @Test func `each epoch's order equals accelerate's seedable sampler`() {
        #expect(golden.orders.count == 2)
        for item in golden.orders {
            let order = SampleOrder(count: item.count, seed: item.seed, isShuffled: true)
            for (epoch, expected) in item.epochs.enumerated() { #expect(expected.matches(order.indices(epoch: epoch))) }
        }
    }

    @Test func `the split equals Hugging Face's train_test_split`() throws {
        #expect(golden.splits.count == 7)
        for item in golden.splits {
            let split = try DataSplit(count: item.count, size: item.size, seed: item.seed)
            let isEqual = item.train.matches(split.train) && item.evaluation.matches(split.evaluation)
            #expect(isEqual, "\(item.count) \(item.size)")
        }
    }

    @Test func `a split of the notes' 2950 rows leaves 2655 and 295`() throws {
        let split = try DataSplit(count: 2950, size: 0.1, seed: 42)
        #expect(split.train.count == 2655)
        #expect(split.evaluation.count == 295)
    }

    @Test func `a split that leaves nothing is an error`() {
        for (count, size) in [(10, 10.0), (10, 11), (1, 0.5), (0, 0.5), (10, -1), (10, .nan)] {
            #expect(throws: DataError.self) { try DataSplit(count: count, size: size, seed: 0) }
        }
    }

    @Test func `mixtures equal Hugging Face's concatenate and interleave`() throws {
        #expect(golden.mixtures.count == 20)
        for item in golden.mixtures {
            let mixture: DataMixture =
                switch item.strategy {
                case "concat": .concatenated
                case "interleave_under": .interleavedUnder(probabilities: item.probabilities)
                default: .interleavedOver(probabilities: item.probabilities)
                }
            #expect(item.rows.matches(try mixture.indices(counts: item.counts, seed: item.seed)), "\(item)")
        }
    }

    @Test func `batches keep the last partial one, and updates end with the epoch`() throws {
        let order = SampleOrder(count: 7, seed: 42, isShuffled: false)
        var loader = try BatchLoader(order: order, batchSize: 2, accumulation: 3)
        #expect(loader.numBatches == 4)
        #expect(loader.numUpdates == 2)
        #expect(
            loader.next()
                == BatchLoader.Update(
                    batches: [[0, 1], [2, 3], [4, 5]], epoch: 0, endsEpoch: false, numBatchesDone: 3))
        #expect(loader.next() == BatchLoader.Update(batches: [[6]], epoch: 0, endsEpoch: true, numBatchesDone: 4))
        #expect(loader.next().batches == [[0, 1], [2, 3], [4, 5]])
        #expect(loader.cursor == BatchLoader.Cursor(epoch: 1, batch: 3))
    }

    private struct Shares: Decodable {
        struct Item: Decodable {
            let count: Int
            let batchSize: Int
            let batches: [[[Int]]]
        }
        let shares: [Item]
    }

    @Test func `processes share batches as accelerate's do`() throws {
        let url = try #require(Bundle.module.url(forResource: "Fixtures/batch_shares", withExtension: "json"))
        let shares = try JSONDecoder().decode(Shares.self, from: Data(contentsOf: url)).shares
        #expect(shares.count == 24)
        for item in shares {
            for (index, expected) in item.batches.enumerated() {
                let share = BatchShare(index: index, count: item.batches.count)
                #expect(share.batches(of: Array(0..<item.count), batchSize: item.batchSize) == expected)
                let order = SampleOrder(count: item.count, seed: 1, isShuffled: false)
                var loader = try BatchLoader(order: order, batchSize: item.batchSize, accumulation: 2, share: share)
                var given: [[Int]] = []
                while loader.cursor.epoch == 0 { given += loader.next().batches }
                #expect(given == expected)
            }
        }
    }

    @Test func `a loader that goes on from any place gives what the first one would have given`() throws {
        let order = SampleOrder(count: 23, seed: 3, isShuffled: true)
        var first = try BatchLoader(order: order, batchSize: 2, accumulation: 5)
        for _ in 0..<12 {
            var second = try BatchLoader(order: order, batchSize: 2, accumulation: 5, cursor: first.cursor)
            var third = first
            for _ in 0..<7 { #expect(second.next() == third.next()) }
            _ = first.next()
        }
        let atEnd = try BatchLoader(order: order, batchSize: 2, accumulation: 5, cursor: .init(epoch: 0, batch: 12))
        #expect(atEnd.cursor == .init(epoch: 1, batch: 0))
        #expect(throws: DataError.self) {
            try BatchLoader(order: order, batchSize: 2, accumulation: 5, cursor: .init(epoch: 0, batch: 13))
        }
    }

    private struct Streamed: Decodable {
        let counts: [Int]
        let probabilities: [Double]?
        let strategy: String
        let buffer: Int
        let seed: Int
        let held: Int
        let taken: [Int]
        let epochs: [[Int]]
    }

    @Test func `streams are shuffled, mixed and held out as Hugging Face's iterable data sets`() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path
        let data = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/Fixtures/stream.json"))
        let cases = try JSONDecoder().decode([Streamed].self, from: data)
        #expect(cases.count == 97)
        for item in cases {
            let mixture: DataMixture =
                switch item.strategy {
                case "concat": .concatenated
                case "interleave_under": .interleavedUnder(probabilities: item.probabilities)
                default: .interleavedOver(probabilities: item.probabilities)
                }
            let order = StreamOrder(
                numSources: item.counts.count, mixture: mixture, bufferSize: item.buffer, seed: item.seed,
                numHeldOut: item.held)
            let starts = item.counts.indices.map { item.counts[..<$0].reduce(0, +) }
            func hasRow(_ place: StreamOrder.Place) -> Bool { place.row < item.counts[place.source] }
            func number(_ place: StreamOrder.Place) -> Int { starts[place.source] + place.row }
            #expect(try order.heldOut(hasRow).map(number) == item.taken)
            for (epoch, expected) in item.epochs.enumerated() {
                var draws = order.draws(epoch: epoch), rows: [Int] = []
                while let place = try draws.next(hasRow) { rows.append(number(place)) }
                if item.held > 0 {
                    // Later epochs of the reference train on the rows it evaluates on.
                    #expect(
                        epoch > 0
                            || rows.filter { !item.taken.contains($0) } == expected.filter { !item.taken.contains($0) })
                    continue
                }
                let sum = rows.enumerated().reduce(0) { $0 + ($1.offset + 1) * $1.element } % 1_000_003
                let ours = item.counts.reduce(0, +) > 100 ? [rows.count, sum] : rows
                #expect(ours == expected, "\(item.counts) \(item.strategy) buffer \(item.buffer) epoch \(epoch)")
            }
        }
    }

    @Test func `interleaving once takes every row once and passes over what is used up`() throws {
        let turns = try DataMixture.interleavedOnce(probabilities: nil).indices(counts: [2, 4, 1], seed: 1)
        #expect(turns == [0, 2, 6, 1, 3, 4, 5])
        let mixture = DataMixture.interleavedOnce(probabilities: [0.7, 0.3])
        let drawn = try mixture.indices(counts: [4, 9], seed: 42)
        let over = try DataMixture.interleavedUnder(probabilities: [0.7, 0.3]).indices(counts: [4, 9], seed: 42)
        #expect(drawn.sorted() == Array(0..<13) && drawn.filter { $0 < 4 } == Array(0..<4))
        #expect(Array(drawn.prefix(over.count)) == over)
    }
}
