import RunConfig
public import Torch

/// How the weights of a model are quantized when it is loaded for generation.
public struct WeightQuantization: Sendable, Equatable {
    public var code: PackedWeight.Code

    /// vLLM-like names: int8, int4 (which is nf4), nf4, fp4.
    ///
    /// - Throws: for any other name.
    public init(name: String) throws {
        switch name {
        case "int8": code = .int8
        case "int4", "nf4": code = .nf4
        case "fp4": code = .fp4
        default: throw InferenceError("quantization \(name) is not known; use int8, int4, nf4 or fp4")
        }
    }

    /// LLaMA-Factory's `quantization_bit` and `quantization_type`; nil without the former.
    init?(_ model: ModelArguments) throws {
        guard let name = model.quantizationCode(bits: model.quantizationBit) else { return nil }
        try self.init(name: name)
    }

    /// - Throws: on a device that has no products of quantized weights.
    func check(on device: Device) throws {
        guard !device.isCPU else { return }
        throw InferenceError("quantization_bit works on the CPU only: remove it, or say `device: cpu`")
    }
}
