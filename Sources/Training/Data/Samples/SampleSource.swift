/// The samples of a run by number. A sample is what a batch counts: one example, or several that are packed into one.
public protocol SampleSource: Sendable {
    /// Number of samples.
    var count: Int { get }
    /// Whether there is a sample of that number.
    func contains(_ sample: Int) -> Bool
    /// The examples of a sample; each attends only to itself.
    ///
    /// - Throws: what is wrong with the row, where rows are encoded when it is their turn.
    func examples(of sample: Int) throws -> [TrainingExample]
    /// Tokens of a sample; those of rows that are not encoded yet are an estimate that is the same in every run.
    func numTokens(of sample: Int) -> Int
    /// Tokens of the longest sample, and of all samples.
    func tokenCounts() -> (longest: Int, total: Int)
    /// The first example, for show.
    func firstExample() throws -> TrainingExample?
}

/// Examples in memory, each a sample of its own.
extension [TrainingExample]: SampleSource {
    public func examples(of sample: Int) -> [TrainingExample] { [self[sample]] }
    public func numTokens(of sample: Int) -> Int { self[sample].inputIDs.count }
}

extension SampleSource {
    public func contains(_ sample: Int) -> Bool { (0..<count).contains(sample) }

    public func firstExample() throws -> TrainingExample? { count == 0 ? nil : try examples(of: 0).first }

    public func tokenCounts() -> (longest: Int, total: Int) {
        (0..<count).reduce(into: (0, 0)) { counts, sample in
            let numTokens = numTokens(of: sample)
            counts.0 = Swift.max(counts.0, numTokens)
            counts.1 += numTokens
        }
    }
}
