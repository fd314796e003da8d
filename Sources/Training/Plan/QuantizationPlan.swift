import Basics
public import Models
import NN
public import Torch

/// What `quantization_bit` makes of a model's frozen weights.
public struct QuantizationPlan: Sendable, Equatable {
    public let code: PackedWeight.Code
    public let numLayers: Int
    public let numWeights: Int

    public init(_ code: PackedWeight.Code, model: LanguageModel) {
        self.code = code
        let layers = model.quantizableLayers
        numLayers = layers.count
        numWeights = layers.reduce(0) { $0 + $1.layer.weight.count }
    }

    /// Codes, and two bytes of scale for a group of 64.
    public var byteCount: Int { numWeights * (code == .int8 ? 8 : 4) / 8 + numWeights / 32 }

    /// The plan, for the user.
    var line: String {
        "Quantizing \(numLayers) linear layers to \(code.rawValue): \(byteCount / 1_000_000) MB for \(numWeights.grouped) weights, which stay as they are."
    }
}
