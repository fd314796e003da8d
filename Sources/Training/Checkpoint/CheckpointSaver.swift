import Basics
import Foundation
import Models
import Reporting
import Torch

/// Writes `checkpoint-N` folders: everything under a temporary name, flushed to disk, then renamed, so that a folder of
/// that name is complete whenever it exists. Old ones go only after the new one is there.
struct CheckpointSaver {
    let outputFolder: String
    let folder: ModelFolder
    let card: ModelCard
    let savesOnlyModel: Bool
    let totalLimit: Int?
    /// Whether the weights themselves are trained: then fp32 copies belong to the training state.
    let trainsWeights: Bool

    func path(step: Int) -> String { "\(outputFolder)/checkpoint-\(step)" }

    /// Saves the trainer's state after its current step and returns the folder's path. The first process writes for all.
    func save(_ trainer: Trainer) throws -> String {
        let group = trainer.parts.group
        let randomStates = savesOnlyModel ? [] : try RandomState.current().gathered(group)
        if group.isFirst { try write(trainer, randomStates) }
        // Nobody goes on, or looks for it, before it is there.
        try group.wait()
        return path(step: trainer.state.globalStep)
    }

    private func write(_ trainer: Trainer, _ randomStates: [RandomState]) throws {
        let target = path(step: trainer.state.globalStep)
        let temporary = "\(outputFolder)/tmp-checkpoint-\(trainer.state.globalStep)"
        let files = FileManager.default
        do {
            try? files.removeItem(atPath: temporary)
            try files.createDirectory(atPath: temporary, withIntermediateDirectories: true)
            try folder.write(trainer.parts.model, to: temporary)
            if !trainsWeights {  // peft leaves a card beside every adapter
                var card = card
                card.setResults(from: trainer.state.logHistory)
                try card.write(to: temporary)
            }
            try trainer.state.write(to: temporary)
            if !savesOnlyModel { try writeTrainingState(trainer, randomStates, to: temporary) }
            try Self.flush(temporary)
            try? files.removeItem(atPath: target)
            guard rename(temporary, target) == 0 else {
                throw TrainingError("\(target): cannot be created: \(String(cString: strerror(errno)))")
            }
            try Files.flush(outputFolder)
        } catch {
            try? files.removeItem(atPath: temporary)
            throw TrainingError(
                "the checkpoint of step \(trainer.state.globalStep) could not be saved (\(error)). Earlier checkpoints are untouched; free space and run again to resume."
            )
        }
        rotate(keeping: trainer.state.bestModelCheckpoint)
    }

    private func writeTrainingState(_ trainer: Trainer, _ randomStates: [RandomState], to folder: String) throws {
        var tensors = trainer.parts.optimizer.stateTensors()
        if trainsWeights {
            tensors += trainer.parts.optimizer.slots.map { ("\($0.name).master", $0.parameter.detach()) }
        }
        try SafetensorsWriter.write(tensors, to: "\(folder)/optimizer.safetensors")
        for (rank, state) in randomStates.enumerated() {
            try state.write(to: "\(folder)/\(RandomState.fileName(rank: rank, of: randomStates.count))")
        }
        try trainer.parts.objective.save(to: folder)
        let state = ResumePointState.File(
            loop: trainer.progress, optimizerSteps: trainer.parts.optimizer.step,
            fingerprint: trainer.parts.settings.plan.fingerprint)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        try encoder.encode(state).write(to: URL(fileURLWithPath: "\(folder)/\(ResumePointState.fileName)"))
    }

    /// Removes the oldest checkpoints beyond the limit; the best and the newest stay.
    private func rotate(keeping best: String?) {
        guard let totalLimit else { return }
        var steps = CheckpointFolder.steps(in: outputFolder)
        guard let newest = steps.last else { return }
        var excess = steps.count - totalLimit
        steps.removeAll { path(step: $0) == best || $0 == newest }
        for step in steps where excess > 0 {
            // Renamed first: a half-deleted folder must not look like a checkpoint.
            let trash = "\(outputFolder)/tmp-deleted-\(step)"
            if rename(path(step: step), trash) == 0 { try? FileManager.default.removeItem(atPath: trash) }
            excess -= 1
        }
    }

    /// Flushes every file of a folder and the folder itself to disk.
    private static func flush(_ folder: String) throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) { try Files.flush("\(folder)/\(name)") }
        try Files.flush(folder)
    }
}
