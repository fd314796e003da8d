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
    private let randomFile: SafetensorsFile

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
        randomFile = try SafetensorsFile(path: "\(folder)/rng_state.safetensors")
    }

    /// Puts weights, moments and the random state back.
    func restore(optimizer: AdamW, saver: CheckpointSaver) throws {
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
            if let random = randomFile.tensor("cpu") { Runtime.randomState = random.clone() }
            if !Device.current.isCPU, let random = randomFile.tensor("cuda") {
                Device.current.restoreRandomState(random.clone())
            }
        }
    }

    /// Refuses to go on with other data or batches: the saved place would mean something else.
    func check(_ plan: StepPlan) throws {
        let now = ["samples": plan.numSamples, "batch_size": plan.batchSize, "accumulation": plan.accumulation]
        for (key, value) in now.sorted(by: { $0.key < $1.key })
        where file.fingerprint[key].map({ $0 != value }) ?? false {
            throw TrainingError(
                "\(folder) was saved with \(key) \(file.fingerprint[key] ?? 0), this run has \(value); restore the setting, or start anew with overwrite_output_dir: true"
            )
        }
    }
}
