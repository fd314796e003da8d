import Models
public import Prompting
import Torch

/// A model of the stage rm, ready to score: the value head at the last token of each text.
public final class RewardModel: Sendable {
    public let encoder: PromptEncoder
    /// Longest text, in tokens.
    public let maxModelLength: Int
    private let compute: DType
    private let model: DirectModel

    /// Loads a model, merges its adapters and reads the value head of the last adapter or of the model.
    public init(_ settings: InferenceSettings, log: (String) -> Void = { _ in }) throws {
        guard settings.quantization == nil else {
            throw InferenceError(
                "quantization_bit is for models that write; a reward model scores with plain weights: remove it")
        }
        let parts = try ModelParts(settings)
        encoder = try PromptEncoder(settings, parts: parts)
        maxModelLength = parts.config.text.maxPositions
        compute = try settings.compute(stored: parts.config.dtype)
        try Device.choose(settings.device)
        let location = settings.location, dtype = compute
        let messages: [String]
        (model, messages) = try TensorThread.cpu.run {
            let (model, messages) = try LoadedModel.load(location, dtype: dtype, mergesAdapters: true)
            return (DirectModel(model), messages)
        }
        let folders = settings.location.adapters.suffix(1) + [settings.location.modelFolder]
        let size = parts.config.text.hiddenSize, dropout = parts.config.valueHeadDropout
        let isFound = try model.run { model in
            let head = ValueHead(hiddenSize: size, dropout: dropout)
            for folder in folders where try head.load(folder: folder) {
                model.valueHead = head
                return true
            }
            return false
        }
        guard isFound else {
            throw InferenceError(
                "\(folders.joined(separator: " and ")): no \(ValueHead.fileName), so it is no reward model; train one with stage: rm"
            )
        }
        messages.forEach(log)
    }

    /// Scores of texts as they are, which LLaMA-Factory's API computes: no template is put around them.
    ///
    /// - Parameter maxLength: tokens of a text that are read; nil for as many as the model takes.
    public func score(texts: [String], maxLength: Int? = nil) throws -> [Double] {
        try score(ids: texts.map { Array(encoder.tokenizer.encode($0).prefix(maxLength ?? maxModelLength)) })
    }

    /// Scores of conversations that end with an answer, encoded as in training.
    public func score(_ conversations: [Conversation]) throws -> [Double] {
        try score(
            ids: conversations.map { conversation in
                guard conversation.images.isEmpty, conversation.videos.isEmpty else {
                    throw InferenceError(
                        "conversations with images or videos are scored by `do_predict` of the stage rm only")
                }
                let encoded = try encoder.encode(conversation, cutoff: encoder.settings.cutoffLength).encoded
                return encoded.inputIDs + encoded.labelIDs
            })
    }

    private func score(ids: [[Int32]]) throws -> [Double] {
        if let empty = ids.firstIndex(where: \.isEmpty) {
            throw InferenceError("text \(empty + 1) is empty: there is nothing to score")
        }
        let vision = encoder.vision, compute = compute
        var scores: [Double] = []
        for first in stride(from: 0, to: ids.count, by: 16) {
            let batch = Array(ids[first..<min(first + 16, ids.count)])
            scores += try model.run { model in
                try scope("scoring") {
                    noGrad {
                        let input = ModelInput(batch.map { Prompt(tokenIDs: $0) }, vision: vision)
                        let hidden = model.hiddenStates(input, compute: compute)
                        let last = input.offsets.dropFirst().map { $0 - 1 }
                        return model.valueHead?(hidden.rows(Tensor(Array(last)))).array(Double.self) ?? []
                    }
                }
            }
        }
        return scores
    }
}
