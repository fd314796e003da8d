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
    /// Everything after the last step: best weights, final files, metrics, pictures, the reading of the curves.
    func finish(_ trainer: Trainer, _ data: TrainingData, adapter: AdapterConfig?) throws {
        let output = config.training.outputDir
        let plan = trainer.parts.settings.plan, seconds = trainer.parts.console.elapsedSeconds
        var metrics: LogRecord = [
            "epoch": .double(trainer.state.epoch), "total_flos": .double(trainer.state.totalFlos),
        ]
        metrics["train_loss"] = .double(trainer.progress.totalLoss / Double(max(1, trainer.state.globalStep)))
        metrics.merge(
            RunResults.speed(
                split: "train", runtimeSeconds: seconds,
                // As transformers counts them: planned, not seen.
                numSamples: config.training.maxSteps > 0
                    ? plan.totalUpdates * plan.samplesPerUpdate
                    : Int(Double(plan.numSamples) * config.training.numTrainEpochs),
                numSteps: plan.totalUpdates))
        metrics.merge(trainer.tokensSeen)
        try trainer.write(metrics)
        let loadedBest = try loadBest(trainer, adapter: adapter)
        for (_, layer) in trainer.parts.model.loraLayers { layer.isTraining = false }
        trainer.parts.model.valueHead?.isTraining = false
        if group.isFirst {
            try Profiler.phase(.save) { try trainer.parts.saver.folder.write(trainer.parts.model, to: output) }
            ConsoleText.metricsBlock(split: "train", metrics).forEach { print($0) }
            try RunResults.write(metrics, split: "train", folder: output)
            try trainer.state.write(to: output)
        }
        // As LLaMA-Factory draws them: without the evaluation after the last step.
        let drawn = trainer.state.logHistory
        var evaluated: LogRecord?
        if config.training.effectiveDoEval, !trainer.parts.evaluations.isEmpty {
            let needsAnother = loadedBest != nil || trainer.lastEvaluatedStep != trainer.state.globalStep
            let history = trainer.state.logHistory
            let result =
                needsAnother
                ? try trainer.evaluate(isInLog: false)
                : history.last { $0["eval_loss"] != nil || $0.keys.contains { $0.hasPrefix("eval_") } } ?? [:]
            var shown: LogRecord = [:]
            for entry in result.entries where entry.key != "step" { shown[entry.key] = entry.value }
            if config.tuning.stage == .pt { shown.merge(Self.perplexities(shown)) }
            ConsoleText.metricsBlock(split: "eval", shown).forEach { print($0) }
            if group.isFirst { try RunResults.write(shown, split: "eval", folder: output) }
            evaluated = shown
        }
        guard group.isFirst else { return }
        if config.training.doPredict { try writeScores(trainer) }
        var card = trainer.parts.saver.card
        card.setResults(from: trainer.state.logHistory)
        try card.write(to: output)
        if config.tuning.plotLoss {
            let ofEvaluations =
                evaluated == nil
                ? [] : trainer.parts.evaluations.map { "eval_\($0.name.map { "\($0)_" } ?? "")\(evaluatedCurve)" }
            let figures = [TrainingFigures.Figure("loss")] + figuresOfStage + ofEvaluations.map { .init($0) }
            for outcome in try TrainingFigures.write(history: drawn, figures: figures, folder: output) {
                print(outcome)
            }
        }
        var facts = RunFacts(
            history: trainer.state.logHistory, checkpointSteps: CheckpointFolder.steps(in: output), outputFolder: output
        )
        facts.totalSteps = plan.totalUpdates
        facts.loadedBestStep = loadedBest
        facts.supervisedWeight = config.tuning.prefFtx
        facts.numTrainExamples = plan.isStreamed ? nil : data.train.count
        facts.numEvalExamples = data.evaluations.first?.examples.count
        print("")
        CurveReading.lines(facts).forEach { print($0) }
    }

    /// The curve that says most about an evaluation.
    private var evaluatedCurve: String { [.grpo, .ppo].contains(config.tuning.stage) ? "reward" : "loss" }

    /// exp(eval_loss) of every evaluation, infinite beyond the numbers there are.
    private static func perplexities(_ metrics: LogRecord) -> LogRecord {
        var result: LogRecord = [:]
        for entry in metrics.entries where entry.key.hasSuffix("_loss") {
            if let loss = metrics.number(entry.key) {
                result["\(entry.key.dropLast("loss".count))perplexity"] = .double(exp(loss))
            }
        }
        return result
    }

    /// Puts the best checkpoint's weights back when load_best_model_at_end asks for it; returns its step.
    private func loadBest(_ trainer: Trainer, adapter: AdapterConfig?) throws -> Int? {
        guard config.training.loadBestModelAtEnd, let step = trainer.state.bestGlobalStep,
            let path = trainer.state.bestModelCheckpoint,
            FileManager.default.fileExists(atPath: path)
        else { return nil }
        print("Loading best model from \(path) (score: \(trainer.state.bestMetric ?? .nan)).")
        try scope("loading the best checkpoint") {
            try noGrad {
                if adapter != nil {
                    let file = try SafetensorsFile(path: "\(path)/adapter_model.safetensors")
                    for (name, tensor) in trainer.parts.model.loraTensors() {
                        if let saved = file.tensor(name) { tensor.copy(from: saved) }
                    }
                } else {
                    let checkpoint = try Checkpoint(folder: path)
                    for (name, tensor) in trainer.parts.model.namedWeights() {
                        if let saved = checkpoint.tensor(name) { tensor.detach().copy(from: saved) }
                    }
                }
            }
        }
        return step
    }
}
