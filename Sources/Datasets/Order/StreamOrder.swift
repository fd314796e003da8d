/// The order in which streamed data sets are gone through: mixed, then shuffled among a buffer of rows.
///
/// Only the numbers of the rows go through the buffer, and no more rows are looked for than it holds, so that a run starts at once
/// and may go on from any place.
/// Sources: IterableDataset of Hugging Face's datasets 4.0 (BufferShuffled-, Cycling-, RandomlyCycling- and
/// VerticallyConcatenatedMultiSourcesExamplesIterable) behind LLaMA-Factory's `streaming: true`.
public struct StreamOrder: Sendable, Hashable {
    /// A row of one of the data sets.
    public struct Place: Sendable, Hashable {
        public let source: Int
        public let row: Int
    }

    /// Whether a data set has a row.
    typealias HasRow = (Place) throws(DataError) -> Bool

    /// Number of data sets.
    let numSources: Int
    let mixture: DataMixture
    /// `buffer_size`.
    let bufferSize: Int
    let seed: Int
    /// Rows at the beginning of the first epoch that are evaluated on (`val_size`). They are left out of every epoch; the reference
    /// skips as many rows of each epoch's own order, so that from the second epoch on it trains on rows it evaluates on.
    var numHeldOut = 0

    /// The rows to evaluate on.
    func heldOut(_ hasRow: HasRow) throws(DataError) -> [Place] {
        var draws = draws(epoch: 0), places: [Place] = []
        while places.count < numHeldOut, let place = try draws.next(hasRow) { places.append(place) }
        return places
    }

    /// The rows of an epoch (from 0), those to evaluate on among them.
    func draws(epoch: Int) -> StreamDraws {
        var random = NumPyRandom(seed: UInt64(bitPattern: Int64(seed)))
        if epoch > 0 {
            let drawn = Int64(bitPattern: random.next() >> 1) &- Int64(epoch)
            random = NumPyRandom(seed: UInt64(bitPattern: drawn < 0 ? drawn &+ .min : drawn))
        }
        return StreamDraws(self, random)
    }
}
