/// The rows of a streamed run, epoch by epoch.
public struct RowStream: Sendable {
    let datasets: [LoadedDataset]
    let order: StreamOrder

    /// Rows of an epoch, those that cannot be used among them.
    public var count: Int { order.counts.reduce(0, +) - order.numHeldOut }

    /// The rows of an epoch (from 0) in order.
    public func rows(epoch: Int) throws(DataError) -> RowSelection {
        RowSelection(datasets, try order.rows(epoch: epoch))
    }

    /// The rows to evaluate on.
    func heldOut() throws(DataError) -> RowSelection { RowSelection(datasets, try order.heldOut()) }
}
