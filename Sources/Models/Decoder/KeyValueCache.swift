import Torch

/// Keys and values of the positions one sequence has seen, a pair of [S, K, d] tensors a layer, grown in steps.
public final class KeyValueCache {
    private var keys: [Tensor?]
    private var values: [Tensor?]
    private var lengths: [Int]
    private static let growth = 256

    public init(numLayers: Int) {
        keys = Array(repeating: nil, count: numLayers)
        values = keys
        lengths = Array(repeating: 0, count: numLayers)
    }

    /// Positions seen by every layer.
    public var length: Int { lengths.min() ?? 0 }

    /// Forgets everything after the first `length` positions.
    public func truncate(to length: Int) { lengths = lengths.map { min($0, length) } }

    /// Adds k, v [L, K, d] and returns all of the layer's keys and values [S + L, K, d].
    func append(layer: Int, _ k: Tensor, _ v: Tensor) -> (Tensor, Tensor) {
        let added = k.size(0), length = lengths[layer], total = length + added
        if (keys[layer]?.size(0) ?? 0) < total {
            let capacity = (total + Self.growth) / Self.growth * Self.growth
            let (newKeys, newValues) = (
                Tensor.empty([capacity] + k.shape.dropFirst(), k.dtype),
                Tensor.empty([capacity] + v.shape.dropFirst(), v.dtype)
            )
            if let oldKeys = keys[layer], let oldValues = values[layer], length > 0 {
                newKeys[0..<length].copy(from: oldKeys[0..<length])
                newValues[0..<length].copy(from: oldValues[0..<length])
            }
            keys[layer] = newKeys
            values[layer] = newValues
        }
        guard let allKeys = keys[layer], let allValues = values[layer] else { return (k, v) }
        allKeys[length..<total].copy(from: k)
        allValues[length..<total].copy(from: v)
        lengths[layer] = total
        return (allKeys[0..<total], allValues[0..<total])
    }
}
