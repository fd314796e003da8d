import Datasets
import Foundation
import JSON
import Models
import NN
import Prompting
import Reporting
import RunConfig
import Torch

extension TrainingRun {
    /// The objective of the stage.
    func objective(_ reference: ReferencePlan) -> any Objective {
        let tuning = config.tuning
        let policy: ReferencePolicy =
            reference.source == .none ? .none : reference.precomputes ? .precomputed : .withoutAdapter
        switch tuning.stage {
        case .rm: return RewardModeling()
        case .dpo:
            return PreferenceOptimization(preferenceSettings, reference: policy, group: group)
        case .kto:
            return VerdictOptimization(
                VerdictOptimization.Settings(
                    beta: tuning.prefBeta, goodWeight: tuning.ktoChosenWeight, badWeight: tuning.ktoRejectedWeight,
                    supervisedWeight: tuning.prefFtx), reference: policy, group: group)
        case .pt, .sft, .ppo, .grpo, .gkd: return SupervisedFineTuning()
        }
    }

    private var preferenceSettings: PreferenceOptimization.Settings {
        let tuning = config.tuning
        return PreferenceOptimization.Settings(
            loss: PairLoss(
                tuning.prefLoss, beta: tuning.prefBeta, smoothing: tuning.dpoLabelSmoothing, gamma: tuning.simpoGamma),
            supervisedWeight: tuning.prefFtx, classifierWeight: tuning.prefBcoWeight, surplusWeight: tuning.ldAlpha)
    }

    /// Whether the loss of a sample depends on the others of its batch.
    var keepsBatches: Bool {
        config.tuning.stage == .kto || (config.tuning.stage == .dpo && preferenceSettings.usesBatch)
    }

    /// Gives a reward model, and a policy of PPO, its value head: from the checkpoint, the adapter or the model, or a new one.
    func attachValueHead(_ model: LanguageModel, resume: ResumePointState?) throws {
        guard [.rm, .ppo].contains(config.tuning.stage) else { return }
        let head = ValueHead(hiddenSize: modelConfig.text.hiddenSize, dropout: modelConfig.valueHeadDropout)
        let folders =
            resume.map { [$0.folder] } ?? [config.model.adapterNameOrPath?.last, modelFolder].compactMap(\.self)
        if let folder = try folders.first(where: { try head.load(folder: $0) }) {
            if resume == nil { print("Loaded the value head of \(folder).") }
        } else {
            try scope("drawing the value head") { head.initialize() }
        }
        head.weight.makeTrainable()
        head.bias.makeTrainable()
        model.valueHead = head
    }

    /// Computes what is to be known of the reference before training, for the training samples that will be seen and for
    /// all that are evaluated on.
    func precompute(
        _ reference: ReferencePlan, _ model: LanguageModel, builders: [PreferenceBuilder], seen: [Int],
        options: ForwardOptions
    ) throws -> [ReferenceTable] {
        // The answers of a pair, or KTO's answer and the one of another row.
        let width = 2
        let sizes = builders.map { (count: $0.count, width: width) }
        let cache = ReferenceCache(
            folder: config.training.outputDir, fingerprint: fingerprint(reference, builders, seen, options))
        let known = try scope("reading reference log-probabilities") { cache.read(sizes: sizes) }
        if try !group.any(known == nil), let known { return known }
        var policy = model
        if case .other(let folder, let adapters) = reference.source {
            policy = try referenceModel(folder, adapters)
        }
        // A named reference's own adapters stay.
        let layers = policy === model ? policy.loraLayers.map(\.layer) : []
        for layer in layers { layer.isEnabled = false }
        defer { for layer in layers { layer.isEnabled = true } }
        let samples = builders.enumerated().map { number, builder in
            let all = number == 0 ? seen : Array(0..<builder.count)
            return stride(from: group.rank, to: all.count, by: group.size).map { all[$0] }
        }
        let bar = ProgressBar(
            title: "reference", unit: "sample", total: samples.reduce(0) { $0 + $1.count }, delaySeconds: 2)
        defer { bar.finish() }
        var tables: [ReferenceTable] = []
        for (builder, indices) in zip(builders, samples) {
            var table = ReferenceTable(numSamples: builder.count, width: width)
            for first in stride(from: 0, to: indices.count, by: 8) {
                let batch = Array(indices[first..<min(first + 8, indices.count)])
                for pack in try builder.build(batch.map { [$0] }).packs {
                    for part in [pack] + (pack.preference?.others ?? []) {
                        let sums = try scope("reference") { AnswerPass.sums(part, model: policy, options: options) }
                        for (answer, sum) in zip(part.preference?.answers ?? [], sums) {
                            guard sum.isFinite else {
                                throw TrainingError(
                                    "\(builder.examples[answer.sample].origin): the reference gives its answer the log-probability \(sum)"
                                )
                            }
                            table[answer.sample, answer.number] = sum
                        }
                    }
                }
                bar.advance(by: batch.count)
            }
            tables.append(try table.merged(over: group))
        }
        if group.isFirst { try cache.write(tables) }
        return tables
    }

    private func fingerprint(
        _ reference: ReferencePlan, _ builders: [PreferenceBuilder], _ seen: [Int], _ options: ForwardOptions
    ) -> UInt64 {
        var print = ReferenceMark()
        print.add("\(options.compute) \(Program.version)")
        for bits in [config.model.quantizationBit, config.tuning.refModelQuantizationBit] {
            print.add(config.model.quantizationCode(bits: bits) ?? "")
        }
        switch reference.source {
        case .other(let folder, let adapters): for path in [folder] + adapters { print.add(weightsIn: path) }
        default:
            print.add(weightsIn: modelFolder)
            let given = config.model.adapterNameOrPath ?? []
            for path in config.tuning.createNewAdapter ? given : given.dropLast() { print.add(weightsIn: path) }
        }
        seen.forEach { print.add($0) }
        for builder in builders {
            print.add(builder.packTokens)
            for example in builder.examples {
                print.add(example.inputIDs)
                print.add(example.preference?.other?.inputIDs ?? [])
                print.add("\(example.preference?.answers ?? [])\(example.images)\(example.videos)")
            }
        }
        return print.value
    }

    /// LLaMA-Factory's dump of a sample with preferences.
    func preferenceText(_ example: TrainingExample, _ layout: PreferenceLayout) -> String {
        let prompt = Array(example.inputIDs.prefix(layout.promptCount))
        let names = layout.verdict == nil ? ["chosen_", "rejected_"] : [""]
        var lines = ["training example:"]
        for (name, range) in zip(names, layout.answers) {
            let answer = Array(example.inputIDs[range])
            let labels = [Int32](repeating: EncodedExample.ignored, count: prompt.count) + answer
            lines += [
                "\(name)input_ids:", "\(prompt + answer)", "\(name)inputs:",
                tokenizer.decode(prompt + answer, skipSpecialTokens: false), "\(name)label_ids:", "\(labels)",
                "\(name)labels:", tokenizer.decode(answer, skipSpecialTokens: false),
            ]
        }
        if let verdict = layout.verdict { lines.append("kto_tag: \(verdict)") }
        return lines.joined(separator: "\n")
    }
}
