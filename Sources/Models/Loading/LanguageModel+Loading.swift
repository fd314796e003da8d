import Basics
import Foundation
import NN
public import Torch

extension LanguageModel {
    /// Builds the model of `folder` and fills it from its weights on `Device.current`, converted to `dtype` (views of the
    /// file where the dtype is already right and the device is the CPU). With `quantization` the `quantizableLayers` keep
    /// their codes only, one after another, so that there is never a plain copy of more than one. `progress` hears how many of
    /// the tensors are loaded.
    public static func load(
        folder: String, dtype: DType?, quantization: PackedWeight.Code? = nil, progress: ((Int, Int) -> Void)? = nil
    ) throws -> LanguageModel {
        let model = LanguageModel(try ModelConfig(folder: folder))
        let checkpoint = try Checkpoint(folder: folder)
        try model.load(
            checkpoint, dtype: dtype ?? model.config.dtype, quantization: quantization, progress: progress)
        return model
    }

    /// Fills every parameter; missing, extra and misshapen tensors are errors that name them.
    func load(
        _ checkpoint: Checkpoint, dtype: DType, quantization: PackedWeight.Code? = nil,
        progress: ((Int, Int) -> Void)?
    ) throws {
        let parameters = self.parameters()
        let layers = Dictionary(uniqueKeysWithValues: quantizableLayers.map { ("\($0.path).weight", $0.layer) })
        let layout = try layout(of: Set(checkpoint.names), folder: checkpoint.folder)
        weightLayout = layout
        for (index, (path, parameter)) in parameters.enumerated() {
            let name = layout.fileName(path)
            guard let tensor = checkpoint.tensor(name) else {
                throw FileError(
                    checkpoint.folder, "the weights have no tensor \(name); config.json and weights do not match")
            }
            guard tensor.shape == parameter.shape else {
                throw FileError(
                    checkpoint.folder, "tensor \(name) has shape \(tensor.shape), config.json means \(parameter.shape)")
            }
            parameter.set(tensor.to(.current, dtype))
            let packed = quantization == nil ? nil : layers[path]
            if let quantization { packed?.pack(quantization) }
            // The file's pages would count as this process's memory.
            if packed != nil || tensor.dtype != dtype { checkpoint.releasePages(of: name) }
            progress?(index + 1, parameters.count)
        }
        let known = Set(parameters.map { layout.fileName($0.path) })
        let extra = checkpoint.names.filter { !known.contains($0) && !isHarmless($0) }
        guard extra.isEmpty else {
            throw FileError(
                checkpoint.folder,
                "the weights hold \(extra.count) tensors this architecture has no place for, first \(extra[0])")
        }
    }

    /// Tied output layers and cached rotary tables may lie in a checkpoint without meaning anything.
    private func isHarmless(_ name: String) -> Bool {
        name.hasSuffix("rotary_emb.inv_freq") || (config.text.tiesEmbeddings && name == "lm_head.weight")
    }

    private func layout(of names: Set<String>, folder: String) throws -> WeightLayout {
        guard let family = ModelCatalog.family(modelType: config.modelType) else {
            throw FileError(folder, "model_type \(config.modelType) is not supported")
        }
        let paths = parameters().map(\.path)
        // The layout that finds most of the parameters; a missing one is named by the caller.
        let scored = family.layouts.map { layout in (layout, paths.count { names.contains(layout.fileName($0)) }) }
        guard let best = scored.max(by: { $0.1 < $1.1 }), best.1 > 0 else {
            throw FileError(
                folder,
                "the weights have none of the names of a \(config.modelType) model, for example \(names.min() ?? "nothing")"
            )
        }
        return best.0
    }

    /// Every weight with its name in the layout the model was loaded with, ready to be written.
    public func namedWeights() -> [(name: String, tensor: Tensor)] {
        parameters().compactMap { path, parameter in
            parameter.tensor.map { (weightLayout.fileName(path), $0) }
        }
    }
}
