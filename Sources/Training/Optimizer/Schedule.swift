import Foundation
public import RunConfig

/// The learning rate of every optimizer step: transformers' schedules as a function of the step.
public struct Schedule: Sendable {
    public let kind: SchedulerType
    public let peak: Double
    public let warmupSteps: Int
    public let totalSteps: Int
    private let options: [String: Double]
    private let decayType: String
    private let warmupType: String

    /// - Parameter kwargs: `lr_scheduler_kwargs`. Unknown names and missing necessary ones are errors.
    public init(
        kind: SchedulerType, peak: Double, warmupSteps: Int, totalSteps: Int, kwargs: [String: ConfigValue] = [:]
    ) throws {
        self.kind = kind
        self.peak = peak
        self.warmupSteps = warmupSteps
        self.totalSteps = totalSteps
        var numbers: [String: Double] = [:], words: [String: String] = [:]
        let known = Self.options[kind] ?? []
        for (key, value) in kwargs {
            guard known.contains(key) else {
                throw TrainingError(
                    "lr_scheduler_kwargs: \(key) means nothing to \(kind.rawValue); it takes \(known.isEmpty ? "no options" : known.sorted().joined(separator: ", "))"
                )
            }
            guard let text = value.string else {
                throw TrainingError("lr_scheduler_kwargs: \(key) is not a single value")
            }
            if let number = Double(text) { numbers[key] = number } else { words[key] = text }
        }
        decayType = words["decay_type"] ?? (kind == .warmupStableDecay ? "cosine" : "linear")
        warmupType = words["warmup_type"] ?? "linear"
        for shape in [decayType, warmupType] where !["linear", "cosine", "1-sqrt"].contains(shape) {
            throw TrainingError("lr_scheduler_kwargs: a shape is linear, cosine or 1-sqrt, not \(shape)")
        }
        if kind == .cosineWithMinLR, (numbers["min_lr"] == nil) == (numbers["min_lr_rate"] == nil) {
            throw TrainingError("cosine_with_min_lr needs lr_scheduler_kwargs with either min_lr or min_lr_rate")
        }
        if kind == .warmupStableDecay {
            // LLaMA-Factory fills what is not given: a third of the rest stays at the peak.
            let stable = numbers["num_stable_steps"] ?? Double((totalSteps - warmupSteps) / 3)
            numbers["num_stable_steps"] = stable
            numbers["num_decay_steps"] = numbers["num_decay_steps"] ?? Double(totalSteps - warmupSteps) - stable
        }
        options = numbers
    }

    static let options: [SchedulerType: Set<String>] = [
        .cosine: ["num_cycles"], .cosineWithRestarts: ["num_cycles"], .polynomial: ["lr_end", "power"],
        .inverseSqrt: ["timescale"], .cosineWithMinLR: ["num_cycles", "min_lr", "min_lr_rate"],
        .warmupStableDecay: [
            "num_stable_steps", "num_decay_steps", "warmup_type", "decay_type", "min_lr_ratio", "num_cycles",
        ],
    ]

    /// The rate that step `index` (from 0) uses.
    public func rate(step index: Int) -> Double { peak * factor(Double(index)) }

    private func factor(_ step: Double) -> Double {
        let warmup = Double(warmupSteps), total = Double(totalSteps)
        let rest = max(1, total - warmup), progress = (step - warmup) / rest
        if kind == .constant { return 1 }
        if kind == .warmupStableDecay { return warmupStableDecay(step) }
        if step < warmup { return step / max(1, warmup) }
        switch kind {
        case .linear: return max(0, (total - step) / rest)
        case .constantWithWarmup: return 1
        case .cosine: return max(0, 0.5 * (1 + cos(.pi * (options["num_cycles"] ?? 0.5) * 2 * progress)))
        case .cosineWithRestarts:
            if progress >= 1 { return 0 }
            let cycles = options["num_cycles"] ?? 1
            return max(0, 0.5 * (1 + cos(.pi * (cycles * progress).truncatingRemainder(dividingBy: 1))))
        case .polynomial:
            let end = options["lr_end"] ?? 1e-7
            if step > total { return end / peak }
            return ((peak - end) * pow(1 - progress, options["power"] ?? 1) + end) / peak
        case .inverseSqrt:
            let scale = options["timescale"] ?? (warmupSteps > 0 ? warmup : 10000)
            return 1 / ((step + scale - warmup) / scale).squareRoot()
        case .cosineWithMinLR:
            let floor = options["min_lr_rate"] ?? (options["min_lr"] ?? 0) / peak
            let wave = 0.5 * (1 + cos(.pi * (options["num_cycles"] ?? 0.5) * 2 * progress))
            return max(0, wave * (1 - floor) + floor)
        default: return 1
        }
    }

    private func warmupStableDecay(_ step: Double) -> Double {
        let warmup = Double(warmupSteps), stable = options["num_stable_steps"] ?? 0,
            decay = options["num_decay_steps"] ?? 0
        let floor = options["min_lr_ratio"] ?? 0
        if step < warmup {
            let progress = step / max(1, warmup)
            let shape =
                switch warmupType {
                case "cosine": 0.5 * (1 - cos(.pi * progress))
                case "1-sqrt": 1 - (1 - progress).squareRoot()
                default: progress
                }
            return max(0, shape * (1 - floor) + floor)
        }
        if step < warmup + stable { return 1 }
        guard step < warmup + stable + decay else { return floor }
        let progress = (step - warmup - stable) / max(1, decay)
        let shape =
            switch decayType {
            case "linear": 1 - progress
            case "1-sqrt": 1 - progress.squareRoot()
            default: 0.5 * (1 + cos(.pi * (options["num_cycles"] ?? 0.5) * 2 * progress))
            }
        return max(0, shape * (1 - floor) + floor)
    }
}
