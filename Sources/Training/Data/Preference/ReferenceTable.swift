import Torch

/// Log-probabilities of all samples' answers under the reference, computed before training.
public struct ReferenceTable: Sendable, Equatable {
    /// Answers a sample has, KTO's second completion counted.
    let width: Int
    /// [samples, width]; NaN where a sample is not trained on.
    var values: [Double]

    init(numSamples: Int, width: Int) {
        self.width = width
        values = [Double](repeating: .nan, count: numSamples * width)
    }

    /// The table with what each process has computed; of a sample that several have, the mean.
    func merged(over group: ProcessGroup) throws -> ReferenceTable {
        guard group.size > 1 else { return self }
        var table = self
        let sums = try group.sum(values.map { $0.isNaN ? 0 : $0 })
        let counts = try group.sum(values.map { $0.isNaN ? 0 : 1 })
        table.values = zip(sums, counts).map { $1 > 0 ? $0 / $1 : .nan }
        return table
    }

    subscript(sample: Int, number: Int) -> Double? {
        get {
            let value = values[sample * width + number]
            return value.isNaN ? nil : value
        }
        set { values[sample * width + number] = newValue ?? .nan }
    }
}
