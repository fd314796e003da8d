import Basics
import Foundation
public import NN
public import Torch

/// The layer that turns hidden states into scores: TRL's `v_head`, a linear layer to one number, in fp32, after dropout.
public final class ValueHead: Module {
    /// [1, D].
    public let weight: Parameter
    /// [1].
    public let bias: Parameter
    /// `summary_dropout_prob` of the model's config.json, 0.1 without one (TRL's default).
    public let dropout: Double
    /// Dropout acts only while this is set.
    public var isTraining = false

    /// File and tensor names as LLaMA-Factory's.
    public static let fileName = "value_head.safetensors"
    static let names = (weight: "v_head.summary.weight", bias: "v_head.summary.bias")

    /// The structure without weights.
    public init(hiddenSize: Int, dropout: Double) {
        weight = Parameter([1, hiddenSize])
        bias = Parameter([1])
        self.dropout = dropout
    }

    public var members: [Member] { [.parameter("summary.weight", weight), .parameter("summary.bias", bias)] }

    /// Scores fp32 [N] of hidden states [N, D].
    public func callAsFunction(_ hidden: Tensor) -> Tensor {
        let x = isTraining && dropout > 0 ? hidden.dropout(dropout) : hidden
        return x.to(.float32).linear(weight.value, bias.value).reshape(-1)
    }

    /// Draws both from U(±1/√D), as torch.nn.Linear does.
    public func initialize() {
        let bound = 1 / Double(weight.shape[1]).squareRoot()
        for parameter in [weight, bias] {
            parameter.set(Tensor.uniform(parameter.shape, -bound, bound))
        }
    }

    /// Reads value_head.safetensors of `folder`; false when there is none.
    public func load(folder: String) throws -> Bool {
        let path = "\(folder)/\(Self.fileName)"
        guard FileManager.default.fileExists(atPath: path) else { return false }
        let file = try SafetensorsFile(path: path)
        for (name, parameter) in [(Self.names.weight, weight), (Self.names.bias, bias)] {
            guard let tensor = file.tensor(name), tensor.shape == parameter.shape else {
                throw FileError(
                    path, "should hold \(name) of shape \(parameter.shape); it belongs to another model")
            }
            parameter.set(tensor.to(.current, .float32).clone())
        }
        return true
    }

    /// Writes value_head.safetensors into `folder`.
    public func write(folder: String) throws {
        try SafetensorsWriter.write(
            [(Self.names.weight, weight.value.detach()), (Self.names.bias, bias.value.detach())],
            to: "\(folder)/\(Self.fileName)")
    }
}
