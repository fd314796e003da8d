import Datasets
import Models
import NN
import Prompting
import RunConfig
import Torch

extension TrainingRun {
    /// The tokens that images and videos are made of.
    var mediaIDs: Set<Int32> {
        guard let vision = modelConfig.vision else { return [] }
        return [Int32(truncatingIfNeeded: vision.imageTokenID), Int32(truncatingIfNeeded: vision.videoTokenID)]
    }

    /// An example as the model sees it; of a pair, the prompt stands once and both answers follow.
    func preview(of example: TrainingExample) -> SamplePreview {
        var headings: [Int: String] = [:]
        if let preference = example.preference {
            let names = preference.verdict.map { [$0 ? "good answer" : "bad answer"] } ?? ["chosen", "rejected"]
            for (name, answer) in zip(names, preference.answers) { headings[answer.lowerBound] = name }
        }
        return SamplePreview(
            origin: example.origin, inputIDs: example.inputIDs, labels: example.labels, tokenizer: tokenizer,
            mediaIDs: mediaIDs, headings: headings, images: example.images)
    }

    /// Tokens of the longest sample that this machine's memory has room for, by the run's memory plan.
    func longestFittingSample() throws -> Int {
        let memory = try DryRun.memoryPlan(config, modelConfig).memory
        let room = MemoryPlan.machineBytes - memory.peakBytes(tokens: 0, recompute: false)
        let perToken =
            config.model.disableGradientCheckpointing
            ? memory.activationBytesPerToken : min(memory.recomputedBytesPerToken, memory.activationBytesPerToken)
        return max(0, room / max(1, perToken))
    }
}
