import Foundation
import Models
import NN
import Reporting
import Torch

/// A checkpoint as the trainer resumes from it.
struct ResumePointState: Sendable {
    static let fileName = "training_state.json"

    /// The part that is JSON.
    struct File: Codable, Sendable {
        var loop: LoopState
        var optimizerSteps: Int
        var fingerprint: [String: Int]
    }

    let folder: String
    let state: TrainerState
    let loop: LoopState
    let file: File
    private let optimizerFile: SafetensorsFile

    /// Opens a checkpoint; whatever is missing or damaged is an error.
    init(folder: String) throws {
        self.folder = folder
        state = try TrainerState(folder: folder)
        let path = "\(folder)/\(Self.fileName)"
        guard let data = FileManager.default.contents(atPath: path) else { throw TrainingError("\(path) is missing") }
        do { file = try JSONDecoder().decode(File.self, from: data) } catch {
            throw TrainingError("\(path) is damaged: \(error)")
        }
        loop = file.loop
        optimizerFile = try SafetensorsFile(path: "\(folder)/optimizer.safetensors")
    }

    /// Puts weights, moments and the random state back.
    func restore(optimizer: AdamW, saver: CheckpointSaver, group: ProcessGroup) throws {
        try scope("restoring \(folder)") {
            try optimizer.restore(optimizerFile, step: file.optimizerSteps)
            if saver.trainsWeights {
                noGrad {
                    for slot in optimizer.slots {
                        if let master = optimizerFile.tensor("\(slot.name).master") {
                            slot.parameter.copy(from: master)
                        }
                    }
                }
            }
            try RandomState(path: "\(folder)/\(RandomState.fileName(rank: group.rank, of: group.size))").restore()
        }
    }

    /// Refuses to go on with other data or batches: the saved place would mean something else.
    func check(_ plan: StepPlan) throws {
        // Earlier versions trained in one process and did not say so.
        let saved = ["processes": 1].merging(file.fingerprint) { $1 }
        for (key, value) in plan.fingerprint.sorted(by: { $0.key < $1.key })
        where saved[key].map({ $0 != value }) ?? false {
            throw TrainingError(
                "\(folder) was saved with \(key) \(saved[key] ?? 0), this run has \(value); restore the setting, or start anew with overwrite_output_dir: true"
            )
        }
    }
}
