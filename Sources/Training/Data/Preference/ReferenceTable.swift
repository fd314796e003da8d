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

    subscript(sample: Int, number: Int) -> Double? {
        get {
            let value = values[sample * width + number]
            return value.isNaN ? nil : value
        }
        set { values[sample * width + number] = newValue ?? .nan }
    }
}
