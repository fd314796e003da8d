import Torch

extension ProcessGroup {
    /// The part of a step that a process has which brings `weight`.
    func share(of weight: Double) throws -> Double {
        guard size > 1 else { return 1 }
        let total = try sum([weight])[0]
        return total > 0 ? weight / total : 0
    }

    /// Replaces gradients by the sum of all processes' gradients, each times its share. Gradients of one type travel together.
    func sum(gradients: [Tensor], share: Double, bucketBytes: Int) throws {
        guard size > 1 else { return }
        for bucket in Self.buckets(gradients, bytes: bucketBytes) {
            try scope("summing gradients") {
                try noGrad {
                    let flat = Tensor.cat(bucket.map { $0.reshape(-1) }) * share
                    try sum(flat)
                    var first = 0
                    for gradient in bucket {
                        gradient.copy(from: flat.narrow(0, first, gradient.count).reshape(gradient.shape))
                        first += gradient.count
                    }
                }
            }
        }
    }

    /// Tensors behind one another, of one type and up to `bytes` together.
    private static func buckets(_ tensors: [Tensor], bytes: Int) -> [[Tensor]] {
        var buckets: [[Tensor]] = [], room = 0
        for tensor in tensors {
            let size = tensor.count * tensor.dtype.byteCount
            if size > room || tensor.dtype != buckets.last?.last?.dtype {
                buckets.append([])
                room = bytes
            }
            buckets[buckets.count - 1].append(tensor)
            room -= size
        }
        return buckets
    }

    /// Makes sure that all processes start from the same numbers.
    ///
    /// - Parameters:
    ///   - parameters: what is trained.
    ///   - numbers: other numbers that a run depends on.
    func checkSameStart(_ parameters: [Tensor], _ numbers: [Int]) throws {
        guard size > 1 else { return }
        let norms = try scope("comparing the processes") { noGrad { parameters.map { totalNorm([$0]) } } }
        let own = norms + numbers.map(Double.init)
        let counts = try sum([Double(own.count)])
        guard counts[0] == Double(own.count * size) else { throw Self.differs }
        let total = try sum(own)
        // Machines may add up a norm in different orders.
        let isEqual = zip(own, total).allSatisfy { abs($0 * Double(size) - $1) <= 1e-4 * abs($1) }
        if try any(!isEqual) { throw Self.differs }
    }

    private static var differs: TrainingError {
        TrainingError(
            "the processes do not start from the same weights or data: they must read the same files with the same settings"
        )
    }
}
