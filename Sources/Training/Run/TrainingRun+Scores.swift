import Foundation
import JSON
import Models
import Reporting
import RunConfig
import Torch

extension TrainingRun {
    /// LLaMA-Factory's predictions of a reward model: the scores of the evaluation pairs in generated_predictions.jsonl, and
    /// predict_results.json.
    func writeScores(_ trainer: Trainer) throws {
        let output = config.training.outputDir
        var lines: [String] = [], metrics = LogRecord()
        let start = RunConsole.now()
        var loss = 0.0, numBatches = 0, numSamples = 0, accuracy = CurveSums()
        for (_, builder) in trainer.parts.evaluations {
            let size = trainer.parts.settings.evalBatchSize
            for first in stride(from: 0, to: builder.count, by: size) {
                let batch = Array(first..<min(first + size, builder.count))
                let data = try builder.build([batch])
                numSamples += batch.count
                numBatches += 1
                for pack in data.packs {
                    let (scores, result) = try scope("scores") {
                        noGrad {
                            (
                                RewardModeling.scores(
                                    of: pack, model: trainer.parts.model, options: trainer.parts.options
                                )
                                .array(Float.self),
                                trainer.parts.objective.loss(
                                    of: pack, model: trainer.parts.model, options: trainer.parts.options)
                            )
                        }
                    }
                    loss += result.value * Double(batch.count)
                    accuracy.add(result.curves)
                    for index in stride(from: 0, to: scores.count - 1, by: 2) {
                        let record: LogRecord = [
                            "chosen": .double(Self.rounded(scores[index])),
                            "rejected": .double(Self.rounded(scores[index + 1])),
                        ]
                        lines.append(record.object.text())
                    }
                }
            }
        }
        let path = "\(output)/generated_predictions.jsonl"
        try Data(lines.joined(separator: "\n").utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
        print("Saving prediction results to \(path)")
        metrics["predict_accuracy"] = accuracy.record()["accuracy"]
        metrics["predict_loss"] = .double(loss / Double(max(1, numSamples)))
        metrics.merge(
            RunResults.speed(
                split: "predict", runtimeSeconds: RunConsole.now() - start, numSamples: lines.count,
                numSteps: numBatches))
        ConsoleText.metricsBlock(split: "predict", metrics).forEach { print($0) }
        try RunResults.write(metrics, split: "predict", folder: output)
    }

    /// Python's round(score, 2).
    private static func rounded(_ score: Float) -> Double {
        Double(String(format: "%.2f", Double(score))) ?? Double(score)
    }
}
