import Foundation
import RunConfig

/// Which model a preference loss compares with, and when its log-probabilities are computed. LLaMA-Factory's
/// `create_ref_model`, and `ref_model_adapters` without a `ref_model`: adapters on the base of the trained model.
struct ReferencePlan: Sendable, Equatable {
    enum Source: Sendable, Equatable {
        /// The loss needs none.
        case none
        /// The policy without its adapter.
        case withoutAdapter
        /// The trained model as it is before the first step.
        case start
        /// Another model, adapters merged into it.
        case other(folder: String, adapters: [String])
    }

    var source = Source.none
    /// Whether log-probabilities are computed once, before training.
    var precomputes = false
    /// The choice, for the user.
    var line: String?

    /// - Parameter numVisits: samples that the run will see, repetitions counted.
    init(_ config: RunConfig, modelFolder: String, numSamples: Int, numVisits: Int) {
        let tuning = config.tuning
        let isOnPolicy =
            tuning.stage == .ppo || (tuning.stage == .grpo && config.reinforcement.effectiveBeta > 0)
        guard tuning.stage == .kto || (tuning.stage == .dpo && tuning.prefLoss.usesReference) || isOnPolicy else {
            return
        }
        let given = config.model.adapterNameOrPath ?? []
        let adapters = (tuning.refModelAdapters ?? "").split(separator: ",").map {
            $0.trimmingCharacters(in: .whitespaces)
        }
        if tuning.refModel != nil || !adapters.isEmpty {
            let folder = tuning.refModel ?? modelFolder
            source = .other(folder: folder, adapters: adapters)
            precomputes = true
            let merged = adapters.isEmpty ? "" : " with \(adapters.joined(separator: ", ")) merged"
            line = "Reference: \(folder)\(merged)."
        } else if tuning.finetuningType == .lora {
            source = .withoutAdapter
            precomputes = numVisits > numSamples
            if given.isEmpty {
                line = "Reference: the base model (the adapter switched off)."
            } else if tuning.createNewAdapter {
                line =
                    "Reference: the model with \(given.joined(separator: ", ")) merged (the new adapter switched off)."
            } else {
                let continued = given[given.count - 1]
                line =
                    "Reference: the base model, as in LLaMA-Factory, not the policy that training starts from (\(continued)); for that set ref_model_adapters: \(continued), or create_new_adapter: true."
            }
        } else {
            source = .start
            precomputes = true
            line = "Reference: \(modelFolder) as it is before training."
        }
        // Nobody knows beforehand what a policy will write.
        if isOnPolicy { precomputes = false }
        line? += precomputes ? " Its log-probabilities are computed once, before training." : ""
    }
}
