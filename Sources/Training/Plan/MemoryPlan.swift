import Foundation
public import Models
public import Torch

/// What a run needs in memory, from its configuration alone.
public struct MemoryPlan: Sendable, Equatable {
    public let weightBytes: Int
    /// Quantized weights that are plain for the length of a product: those of a gated product's two sides, at most.
    public let unpackedBytes: Int
    /// Trained weights' gradients and AdamW's two moments, fp32.
    public let optimizerBytes: Int
    /// What one packed token needs for the backward pass, with all layers' activations or with their inputs only, and the
    /// heap's gaps: tensors of many sizes come and go, which took an eighth more at 800 to 4,000 tokens.
    public let activationBytesPerToken: Int
    public let recomputedBytesPerToken: Int
    /// A block of logits; where the kernel keeps them in cache, its sums.
    public let logitBytes: Int
    /// Tokens of a pack beyond which a larger one is no faster: the products reach their speed at some hundred rows
    /// (Docs/performance.md).
    public let efficientPackTokens: Int

    public init(
        _ config: ModelConfig, parameters: ParameterCount, compute: DType, trainsWeights: Bool,
        quantization: QuantizationPlan? = nil
    ) {
        let text = config.text, size = compute.byteCount
        let numPlain = parameters.all - (quantization?.numWeights ?? 0)
        // Trained weights are kept in fp32.
        weightBytes =
            (trainsWeights
                ? (numPlain - parameters.trainable) * size + parameters.trainable * 4 : numPlain * size)
            + (quantization?.byteCount ?? 0)
        unpackedBytes = quantization == nil ? 0 : 2 * text.hiddenSize * text.intermediateSize * size
        optimizerBytes = parameters.trainable * 12
        let heads = text.numHeads * text.headDim, keyValues = text.numKeyValueHeads * text.headDim
        // Each layer: its input and the middle of its residual stream, queries, keys, values and their mix, gate and up.
        let layer = 2 * text.hiddenSize + 2 * heads + 2 * keyValues + 2 * text.intermediateSize
        // Backward, the widest moment of a layer: the gated product made again, its gradient, those of gate and up.
        let passing = 4 * text.intermediateSize + 2 * text.hiddenSize
        func withGaps(_ bytes: Int) -> Int { bytes + bytes / 8 }
        activationBytesPerToken = withGaps(
            (layer * text.numLayers + 3 * text.hiddenSize + passing) * size + 4 * text.numHeads * text.numLayers)
        recomputedBytesPerToken = withGaps((text.hiddenSize * (text.numLayers + 3) + layer + passing) * size)
        if Device.current.isCPU {
            let keepsLogitsInCache =
                !trainsWeights && compute == .bfloat16 && Runtime.inferenceKernelSet == "avx512bf16"
            logitBytes = keepsLogitsInCache ? 8 * 512 * text.hiddenSize * 4 : 256 * text.vocabularySize * size
            efficientPackTokens = 768
        } else {
            // Blocks of half a gigabyte in fp32, of which two exist beside the logits and their gradient.
            logitBytes = max(512 << 20, 1024 * text.vocabularySize) * 3
            efficientPackTokens = 8192
        }
    }

    /// Bytes at the peak of a step of `tokens` packed tokens.
    public func peakBytes(tokens: Int, recompute: Bool) -> Int {
        // LibTorch, the tokenizer and the program itself.
        let program = 220 << 20
        return weightBytes + unpackedBytes + optimizerBytes + logitBytes + program + tokens
            * (recompute ? recomputedBytesPerToken : activationBytesPerToken)
    }

    /// Bytes a step may take: half of the machine, for the page cache holds the weights and other programs live here too;
    /// on a CUDA device, nine tenths of what was free.
    public static var budgetBytes: Int { Device.freeBytesAtStart.map { $0 / 10 * 9 } ?? machineBytes / 2 }

    /// Memory of this machine, or of the container that this process runs in.
    public static var machineBytes: Int {
        let physical = Int(ProcessInfo.processInfo.physicalMemory)
        guard let text = FileManager.default.contents(atPath: "/proc/self/cgroup") else { return physical }
        return containerLimits(ofProcess: String(decoding: text, as: UTF8.self)) { path in
            FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
        }.reduce(physical, min)
    }

    /// Limits of the control groups that `text` (of /proc/PID/cgroup) names and of the groups around them, read by `read`.
    static func containerLimits(ofProcess text: String, read: (String) -> String?) -> [Int] {
        text.split(separator: "\n").flatMap { line -> [Int] in
            // hierarchy:controllers:path; version 2 has no controllers.
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3, parts[1].isEmpty || parts[1].split(separator: ",").contains("memory") else {
                return []
            }
            let isOld = !parts[1].isEmpty
            let root = isOld ? "/sys/fs/cgroup/memory" : "/sys/fs/cgroup"
            let name = isOld ? "memory.limit_in_bytes" : "memory.max"
            let names = parts[2].split(separator: "/")
            return (0...names.count).compactMap { depth in
                let path = ([root] + names.prefix(depth).map(String.init) + [name]).joined(separator: "/")
                return read(path).flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
            }
        }
    }
}

/// How a run's steps are computed within memory: decided once, from facts that do not change between two starts, so
/// that a resumed run computes exactly what the first one did.
public struct ExecutionPlan: Sendable, Equatable {
    /// Tokens computed together.
    public let packTokens: Int
    public let recompute: Bool

    /// - Parameters:
    ///   - longest: tokens of the longest sample; it has to fit by itself.
    ///   - stepTokens: tokens of a typical step; more are never packed together.
    ///   - mayRecompute: false when `disable_gradient_checkpointing` forbids it.
    public init(
        _ memory: MemoryPlan, longest: Int, stepTokens: Int, mayRecompute: Bool,
        budgetBytes: Int = MemoryPlan.budgetBytes
    ) {
        let budget = budgetBytes - memory.peakBytes(tokens: 0, recompute: false)
        func fitting(_ bytesPerToken: Int) -> Int { max(0, budget) / max(1, bytesPerToken) }
        let whole = fitting(memory.activationBytesPerToken)
        let useful = max(longest, min(stepTokens, memory.efficientPackTokens))
        if whole >= useful || !mayRecompute {
            (packTokens, recompute) = (max(longest, min(whole, useful)), false)
        } else if whole >= max(longest, 256) {
            (packTokens, recompute) = (whole, false)
        } else {
            (packTokens, recompute) = (max(longest, min(fitting(memory.recomputedBytesPerToken), useful)), true)
        }
    }
}
