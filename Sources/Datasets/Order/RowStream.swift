import Synchronization

/// The rows of a streamed run, epoch by epoch. No more of the files is read than is asked for.
public final class RowStream: Sendable {
    private let sources: [any StreamSource]
    private let order: StreamOrder
    private let state = Mutex(State())

    /// How far an epoch was gone through.
    private struct State {
        var epoch = -1
        var draws: StreamDraws?
        var numDrawn = 0
        /// The rows to evaluate on, once they are known.
        var heldOut: [StreamOrder.Place]?
    }

    init(_ sources: [any StreamSource], _ order: StreamOrder) {
        self.sources = sources
        self.order = order
    }

    /// The rows of a part of an epoch (from 0): fewer than asked for at its end, none behind it.
    public func places(epoch: Int, _ range: Range<Int>) throws(DataError) -> [StreamOrder.Place] {
        try state.withLock { state throws(DataError) in
            let held = Set(try heldOut(&state))
            if state.epoch != epoch || state.numDrawn > range.lowerBound || state.draws == nil {
                (state.epoch, state.draws, state.numDrawn) = (epoch, order.draws(epoch: epoch), 0)
            }
            var places: [StreamOrder.Place] = []
            while state.numDrawn < range.upperBound, let place = try state.draws?.next(hasRow) {
                guard !held.contains(place) else { continue }
                if range.contains(state.numDrawn) { places.append(place) }
                state.numDrawn += 1
            }
            return places
        }
    }

    /// A row, read and converted.
    ///
    /// - Throws: what has to be mended, with file and row.
    public func row(_ place: StreamOrder.Place) throws(DataError) -> ConvertedRow {
        try sources[place.source].row(place.row)
    }

    /// The rows to evaluate on.
    func heldOut() throws(DataError) -> RowSelection {
        let places = try state.withLock { state throws(DataError) in try heldOut(&state) }
        var rows = [[Int]](repeating: [], count: sources.count), selected: [(source: Int, index: Int)] = []
        for place in places {
            selected.append((place.source, rows[place.source].count))
            rows[place.source].append(place.row)
        }
        var datasets: [LoadedDataset] = []
        for (source, rows) in zip(sources, rows) { datasets.append(try source.loaded(rows)) }
        let starts = datasets.indices.map { datasets[..<$0].reduce(0) { $0 + $1.count } }
        return RowSelection(datasets, selected.map { starts[$0.source] + $0.index })
    }

    private func heldOut(_ state: inout State) throws(DataError) -> [StreamOrder.Place] {
        if let known = state.heldOut { return known }
        let places = try order.heldOut(hasRow)
        state.heldOut = places
        return places
    }

    private func hasRow(_ place: StreamOrder.Place) throws(DataError) -> Bool {
        try sources[place.source].hasRow(place.row)
    }
}
