import Foundation

/// Chooses one sequence's next token from its logits.
///
/// The order of transformers' processors: repetition penalty, temperature, top-k, top-p, then the draw.
struct Sampler {
    private let settings: SamplingSettings
    private var random: SplitMix64
    /// Tokens of prompt and answer, kept only where the penalty needs them.
    private var seen: Set<Int32> = []

    /// - Parameter stream: distinguishes the sequences of one seed.
    init(_ settings: SamplingSettings, stream: UInt64, prompt: [Int32]) {
        self.settings = settings
        random = SplitMix64(seed: settings.seed, stream: stream)
        if settings.repetitionPenalty != 1 { seen = Set(prompt) }
    }

    /// Whether the likeliest token of the raw logits is the answer, so that logits need not leave the tensor.
    var isPlainGreedy: Bool { !settings.isRandom && settings.repetitionPenalty == 1 }

    /// The token, and remembers it.
    mutating func next(_ logits: [Float]) -> Int32 {
        let logits = penalized(logits)
        let id = settings.isRandom ? draw(distribution(logits)) : Self.argmax(logits)
        if settings.repetitionPenalty != 1 { seen.insert(id) }
        return id
    }

    /// The logits with those of known tokens made less likely.
    func penalized(_ logits: [Float]) -> [Float] {
        var logits = logits
        let penalty = Float(settings.repetitionPenalty)
        for id in seen where Int(id) < logits.count {
            let value = logits[Int(id)]
            logits[Int(id)] = value < 0 ? value * penalty : value / penalty
        }
        return logits
    }

    /// The tokens that may be drawn with their probabilities, likeliest first.
    func distribution(_ logits: [Float]) -> [(id: Int32, probability: Double)] {
        let temperature = Float(settings.temperature)
        var candidates = Self.top(settings.topK, of: logits).map { (id: Int32($0), logit: logits[$0] / temperature) }
        // Equal ones by id, so that the order never depends on the sort.
        candidates.sort { $0.logit != $1.logit ? $0.logit > $1.logit : $0.id < $1.id }
        let greatest = candidates[0].logit
        let weights = candidates.map { Double(Foundation.exp($0.logit - greatest)) }
        let total = weights.reduce(0, +)
        // A token stays while those likelier than it have not reached top_p together; the first always stays.
        var kept = 0, sum = 0.0
        while kept < weights.count, kept == 0 || sum < settings.topP * total {
            sum += weights[kept]
            kept += 1
        }
        return (0..<kept).map { (candidates[$0].id, weights[$0] / sum) }
    }

    private mutating func draw(_ distribution: [(id: Int32, probability: Double)]) -> Int32 {
        var place = random.uniform()
        for (id, probability) in distribution {
            place -= probability
            if place < 0 { return id }
        }
        return distribution[distribution.count - 1].id
    }

    private static func argmax(_ logits: [Float]) -> Int32 {
        var best = 0
        for index in logits.indices where logits[index] > logits[best] { best = index }
        return Int32(best)
    }

    /// Indices of the `count` greatest values in no particular order, ties at the border included as transformers does;
    /// all of them when `count` is not positive.
    private static func top(_ count: Int, of values: [Float]) -> [Int] {
        guard count > 0, count < values.count else { return Array(values.indices) }
        // The smallest of the greatest so far is at the root.
        var heap: [Float] = []
        heap.reserveCapacity(count)
        for value in values {
            if heap.count < count {
                heap.append(value)
                var child = heap.count - 1
                while child > 0, heap[(child - 1) / 2] > heap[child] {
                    heap.swapAt(child, (child - 1) / 2)
                    child = (child - 1) / 2
                }
            } else if value > heap[0] {
                heap[0] = value
                var parent = 0
                while true {
                    var child = 2 * parent + 1
                    guard child < count else { break }
                    if child + 1 < count, heap[child + 1] < heap[child] { child += 1 }
                    guard heap[child] < heap[parent] else { break }
                    heap.swapAt(child, parent)
                    parent = child
                }
            }
        }
        let border = heap[0]
        return values.indices.filter { values[$0] >= border }
    }
}

/// Steele, Lea and Flood's SplitMix64: small, fast, and any two seeds give unrelated streams.
struct SplitMix64 {
    private var state: UInt64

    init(seed: UInt64, stream: UInt64) {
        state = seed
        state = bits() ^ (stream &* 0x9E37_79B9_7F4A_7C15)
        state = bits()
    }

    mutating func bits() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// U[0, 1).
    mutating func uniform() -> Double { Double(bits() >> 11) * 0x1p-53 }
}
