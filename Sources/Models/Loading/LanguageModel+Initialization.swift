import NN
public import Torch

extension LanguageModel {
    /// Fills every parameter at random as transformers does for a new model: products and embeddings from
    /// N(0, initializer_range), norms one, biases zero. Draws from the generator of `Device.current`; seed it first.
    public func initializeWeights(dtype: DType) {
        weightLayout = ModelCatalog.family(modelType: config.modelType)?.layouts.first ?? .identity
        for (path, parameter) in parameters() {
            let values: Tensor
            if path.hasSuffix("bias") {
                values = Tensor.zeros(parameter.shape)
            } else if parameter.shape.count == 1 {
                values = Tensor.ones(parameter.shape)
            } else {
                values = Tensor.empty(parameter.shape)
                values.fillNormal(mean: 0, std: config.initializerRange)
            }
            parameter.set(values.to(dtype))
        }
    }
}
