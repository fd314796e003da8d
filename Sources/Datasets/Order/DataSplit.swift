/// Splits rows into those to train on and those to evaluate on.
public struct DataSplit: Sendable, Hashable {
    /// The rows to train on, in the order of training without shuffling.
    public let train: [Int]
    /// The rows to evaluate on.
    public let evaluation: [Int]

    /// Splits `count` rows as Hugging Face's `train_test_split(test_size:, seed:)` does behind LLaMA-Factory's `val_size`.
    ///
    /// - Parameter size: a fraction below 1 (rounded up to whole rows), or a number of rows. LLaMA-Factory hands exactly 1
    ///   on as the fraction 1.0 and fails; here it is one row.
    public init(count: Int, size: Double, seed: Int) throws(DataError) {
        guard size > 0, size.isFinite, size < 1 || size < Double(count) else {
            throw DataError(
                "`val_size` (\(size)) must be a fraction below 1, or a number of rows smaller than the \(count) rows there are"
            )
        }
        let numEvaluation = size < 1 ? Int((size * Double(count)).rounded(.up)) : Int(size)
        guard numEvaluation < count else {
            throw DataError("`val_size` (\(size)) leaves nothing to train on: there are \(count) rows")
        }
        var random = NumPyRandom(seed: UInt64(bitPattern: Int64(seed)))
        let order = random.permutation(count)
        evaluation = Array(order[..<numEvaluation])
        train = Array(order[numEvaluation...])
    }
}
