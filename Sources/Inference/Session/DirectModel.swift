import Models
import Torch

/// The weights for single forward passes, alone or between the steps of an engine that shares them. `@unchecked`: the
/// model is only touched on the tensor thread.
final class DirectModel: @unchecked Sendable {
    private let model: LanguageModel

    /// To be made on the tensor thread.
    init(_ model: LanguageModel) { self.model = model }

    /// Runs `body` with the model on the tensor thread.
    func run<Result: Sendable>(_ body: @escaping @Sendable (LanguageModel) throws -> Result) throws -> Result {
        try TensorThread.cpu.run { try body(self.model) }
    }
}
