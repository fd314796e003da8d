import Foundation
import RunConfig

/// Where a run writes: nothing of an earlier run is mixed up with it.
enum OutputFolder {
    /// Creates the folder, or finds the checkpoint to go on from. A folder that holds something else is an error.
    static func prepare(_ config: RunConfig) throws -> ResumePointState? {
        let folder = config.training.outputDir
        let files = FileManager.default
        var isDirectory: ObjCBool = false
        if files.fileExists(atPath: folder, isDirectory: &isDirectory), !isDirectory.boolValue {
            throw TrainingError("output_dir \(folder) is a file; choose another folder")
        }
        if case .path(let path)? = config.training.resumeFromCheckpoint {
            if let problem = CheckpointFolder.problem(path) {
                throw TrainingError("resume_from_checkpoint \(path): \(problem)")
            }
            try create(folder)
            return try ResumePointState(folder: path)
        }
        let contents = ((try? files.contentsOfDirectory(atPath: folder)) ?? []).filter { !$0.hasPrefix(".") }
        let wantsLatest = if case .latest? = config.training.resumeFromCheckpoint { true } else { false }
        let refusesResume = if case ResumePoint.none? = config.training.resumeFromCheckpoint { true } else { false }
        if !contents.isEmpty, !config.training.overwriteOutputDir || wantsLatest, !refusesResume {
            CheckpointFolder.removeLeftovers(in: folder)
            if let (path, complaints) = CheckpointFolder.newestComplete(in: folder) {
                complaints.forEach { print("[warning] \($0); an older checkpoint is used") }
                print("Resuming from \(path). To start anew: overwrite_output_dir=true.")
                return try ResumePointState(folder: path)
            }
        }
        if wantsLatest {
            throw TrainingError("resume_from_checkpoint is true, but \(folder) has no checkpoint to resume from")
        }
        // Nothing but what a run leaves before its first checkpoint may lie there.
        let harmless: Set = ["trainer_log.jsonl", "runs", ReferenceCache.fileName, CompletionLog.fileName]
        if !config.training.overwriteOutputDir,
            contents.contains(where: { !harmless.contains($0) && !$0.hasPrefix("tmp-") })
        {
            throw TrainingError(
                "output_dir \(folder) already exists and is not empty (it holds \(contents.sorted().prefix(3).joined(separator: ", "))). Choose another folder, or set overwrite_output_dir: true."
            )
        }
        if config.training.overwriteOutputDir {
            for name in contents where name.hasPrefix("checkpoint-") || name.hasPrefix("tmp-") {
                try files.removeItem(atPath: "\(folder)/\(name)")
            }
        }
        try create(folder)
        return nil
    }

    private static func create(_ folder: String) throws {
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw TrainingError("output_dir \(folder) cannot be created; choose a folder you may write to")
        }
        guard access(folder, W_OK) == 0 else {
            throw TrainingError(
                "output_dir \(folder) cannot be written to; choose another folder or change its permissions")
        }
    }
}
