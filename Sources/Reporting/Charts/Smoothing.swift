import Glibc

/// The curve smoothing that LLaMA-Factory draws.
public enum Smoothing {
    /// Exponential moving average whose weight grows with the number of values: `1.8 * (sigmoid(0.05 * n) - 0.5)`.
    /// Equals the reference's `smooth` bit for bit.
    public static func exponential(_ values: [Double]) -> [Double] {
        guard var last = values.first else { return [] }
        let weight = 1.8 * (1 / (1 + exp(-0.05 * Double(values.count))) - 0.5)
        return values.map { value in
            last = last * weight + (1 - weight) * value
            return last
        }
    }
}
