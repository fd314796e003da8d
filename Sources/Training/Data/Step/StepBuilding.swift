public import Datasets

/// Makes the numbers of a step from samples; one builder a kind of sample.
public protocol StepBuilding: Sendable {
    /// Samples it knows.
    var count: Int { get }
    /// Where the rows of a sample come from.
    func origins(_ index: Int) -> [RowOrigin]
    /// Whether an evaluation's loss is the mean over samples, as LLaMA-Factory's stages pt, rm, dpo and kto log it; otherwise it
    /// is the mean over batches, as its stage sft does.
    var weighsSamples: Bool { get }
    /// `batches` are indices of samples.
    func build(_ batches: [[Int]]) throws -> StepData
}

extension StepBuilder: StepBuilding {
    public var count: Int { examples.count }
    public func origins(_ index: Int) -> [RowOrigin] { ((try? examples.examples(of: index)) ?? []).map(\.origin) }
}
