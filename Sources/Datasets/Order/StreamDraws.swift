/// Draws the rows of an epoch of a stream, one after another.
struct StreamDraws: Sendable {
    private typealias Place = StreamOrder.Place

    private let bufferSize: Int
    private var random: NumPyRandom
    private var mixer: StreamMixer
    private var buffer: [StreamOrder.Place] = []
    /// Where in the buffer the next rows are drawn.
    private var draws: ArraySlice<Int> = []
    /// What the buffer held when the data sets ended, shuffled.
    private var rest: ArraySlice<StreamOrder.Place>?

    init(_ order: StreamOrder, _ random: NumPyRandom) {
        bufferSize = order.bufferSize
        self.random = random
        mixer = StreamMixer(order, random)
    }

    /// The next row; nil at the end of the epoch.
    mutating func next(_ hasRow: StreamOrder.HasRow) throws(DataError) -> StreamOrder.Place? {
        if rest != nil { return rest?.popFirst() }
        while let place = try mixer.next(hasRow) {
            guard buffer.count == bufferSize else {
                buffer.append(place)
                continue
            }
            if draws.isEmpty { draws = random.integers(below: bufferSize, count: 1000)[...] }
            let drawn = draws.removeFirst()
            defer { buffer[drawn] = place }
            return buffer[drawn]
        }
        random.shuffle(&buffer)
        rest = buffer[...]
        return rest?.popFirst()
    }
}

/// Mixes the rows of several data sets.
private struct StreamMixer: Sendable {
    private let order: StreamOrder
    private var random: NumPyRandom
    /// The next row of each data set.
    private var next: [Int]
    private var isExhausted: [Bool]
    /// Data sets one after another: those that are left, in order.
    private var queue: [Int] = []
    /// The chances of the data sets, summed up; nil takes turns.
    private var sums: [Double]?
    private var turn = 0
    /// An order that was made beforehand.
    private var made: ArraySlice<StreamOrder.Place>?
    private var isBegun = false

    init(_ order: StreamOrder, _ random: NumPyRandom) {
        self.order = order
        self.random = random
        next = [Int](repeating: 0, count: order.numSources)
        isExhausted = [Bool](repeating: false, count: order.numSources)
    }

    mutating func next(_ hasRow: StreamOrder.HasRow) throws(DataError) -> StreamOrder.Place? {
        if !isBegun { try begin(hasRow) }
        if made != nil { return made?.popFirst() }
        guard order.numSources > 1, order.mixture.isInterleaved else {
            while let source = queue.first {
                let place = StreamOrder.Place(source: source, row: next[source])
                if try hasRow(place) {
                    next[source] += 1
                    return place
                }
                queue.removeFirst()
            }
            return nil
        }
        guard order.mixture.isOver ? isExhausted.contains(false) : !isExhausted.contains(true) else { return nil }
        let source: Int
        if let sums {
            let draw = random.uniform()
            source = sums.firstIndex { $0 > draw } ?? order.numSources - 1
        } else {
            source = turn % order.numSources
            turn += 1
        }
        let place = StreamOrder.Place(source: source, row: next[source])
        next[source] += 1
        if try !hasRow(StreamOrder.Place(source: source, row: next[source])) {
            isExhausted[source] = true
            next[source] = 0
        }
        return place
    }

    private mutating func begin(_ hasRow: StreamOrder.HasRow) throws(DataError) {
        isBegun = true
        queue = Array(0..<order.numSources)
        guard order.numSources > 1 else { return }
        switch order.mixture {
        case .concatenated: random.shuffle(&queue)
        case .interleavedOnce: made = try once(hasRow)[...]
        case .interleavedUnder(let given), .interleavedOver(let given):
            for source in queue where try !hasRow(StreamOrder.Place(source: source, row: 0)) {
                throw DataError("a data set without rows cannot be interleaved")
            }
            sums = try given.map { given throws(DataError) in
                try DataMixture.runningSums(given, count: order.numSources, allowsZero: !order.mixture.isOver)
            }
        }
    }

    /// Without replacement nothing comes twice: Hugging Face has no streamed form of it, the order is the stored one, for which all
    /// rows have to be counted.
    private func once(_ hasRow: StreamOrder.HasRow) throws(DataError) -> [StreamOrder.Place] {
        var places: [StreamOrder.Place] = [], counts: [Int] = []
        for source in 0..<order.numSources {
            var count = 0
            while try hasRow(StreamOrder.Place(source: source, row: count)) {
                places.append(StreamOrder.Place(source: source, row: count))
                count += 1
            }
            counts.append(count)
        }
        return try order.mixture.indices(counts: counts, seed: order.seed).map { places[$0] }
    }
}

extension DataMixture {
    /// Whether the data sets take turns.
    fileprivate var isInterleaved: Bool { self != .concatenated }

    /// Whether data sets that are used up begin again until all are.
    fileprivate var isOver: Bool { if case .interleavedOver = self { true } else { false } }
}
