import Inference
public import Models
import NN
public import Training

/// Rollouts on the inference engine in this process: it shares the policy's weights, adapter included, and writes the answers
/// to all prompts together.
public final class PagedRollouts: RolloutEngine {
    private let engine: PagedEngine
    private let model: LanguageModel
    private let settings: RolloutSettings

    /// To be called on the tensor thread.
    ///
    /// - Throws: when there is no memory for keys and values.
    public init(_ model: LanguageModel, _ settings: RolloutSettings) throws {
        self.model = model
        self.settings = settings
        var options = EngineOptions()
        options.length = .tokens(settings.longestPrompt + settings.maxTokens)
        options.numSequences = settings.numParallel
        // The trainer needs most of the memory; keys and values are few beside its activations.
        options.memoryShare = 0.25
        engine = try PagedEngine(model, options: options)
    }

    public func weightsChanged() { engine.forgetPrefixes() }

    public func rollouts(
        of prompts: [RolloutPrompt], numSamples: Int, firstNumber: UInt64, onFinish: @escaping @Sendable () -> Void
    ) throws -> [Rollout] {
        // Nothing is dropped while the policy speaks.
        let dropping = model.loraLayers.map(\.layer).filter(\.isTraining)
        for layer in dropping { layer.isTraining = false }
        defer { for layer in dropping { layer.isTraining = true } }
        let sampling = sampling, stopIDs = settings.stopIDs
        var requests: [GenerationRequest] = [], owners: [Int] = []
        for (number, prompt) in prompts.enumerated() {
            let text = Prompt(prompt)
            for _ in 0..<numSamples {
                // The engine hears no stop tokens: they belong to a rollout, with their log-probability.
                requests.append(
                    GenerationRequest(
                        prompt: text, sampling: sampling, stopIDs: [], numLogprobs: 0,
                        stream: firstNumber &+ UInt64(requests.count)))
                owners.append(number)
            }
        }
        let lengths = TokenCounts(count: requests.count), limit = settings.maxTokens
        let completions = try engine.complete(requests) { index, id in
            let isLast = lengths.add(index) >= limit
            let goesOn = !stopIDs.contains(id)
            if isLast || !goesOn { onFinish() }
            return goesOn
        }
        return try zip(owners, completions).map { owner, completion in
            guard let last = completion.tokenIDs.last else {
                throw TrainingError("\(prompts[owner].origin): the policy wrote no token at all")
            }
            return Rollout(
                prompt: owner, tokenIDs: completion.tokenIDs, logprobs: completion.logprobs,
                finish: stopIDs.contains(last) ? .stop : .length)
        }
    }

    private var sampling: SamplingSettings {
        var sampling = SamplingSettings()
        sampling.temperature = settings.temperature
        sampling.topP = settings.topP
        sampling.topK = settings.topK
        sampling.minP = settings.minP
        sampling.repetitionPenalty = settings.repetitionPenalty
        sampling.maxNewTokens = settings.maxTokens
        sampling.seed = settings.seed
        return sampling
    }
}

extension Prompt {
    /// The engine's form of a prompt.
    init(_ prompt: RolloutPrompt) {
        self.init(tokenIDs: prompt.tokenIDs)
        positions = prompt.positions
        nextPosition = prompt.nextPosition
        images = PromptMedia(patches: prompt.images.patches, grids: prompt.images.grids)
        videos = PromptMedia(patches: prompt.videos.patches, grids: prompt.videos.grids)
    }
}
