import Foundation
import Models
import Reporting
import Torch

/// The checkpoints of an output folder.
public enum CheckpointFolder {
    /// Steps of the folders named checkpoint-N, ascending.
    public static func steps(in folder: String) -> [Int] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.compactMap { name in
            name.hasPrefix("checkpoint-") ? Int(name.dropFirst("checkpoint-".count)) : nil
        }.sorted()
    }

    /// The newest checkpoint that can be resumed from, and what is wrong with newer ones.
    static func newestComplete(in folder: String) -> (path: String, complaints: [String])? {
        var complaints: [String] = []
        for step in steps(in: folder).reversed() {
            let path = "\(folder)/checkpoint-\(step)"
            if let problem = problem(path) {
                complaints.append("\(path) cannot be resumed from: \(problem)")
            } else {
                return (path, complaints)
            }
        }
        return nil
    }

    /// Why a checkpoint cannot be resumed from; nil when it can.
    static func problem(_ path: String) -> String? {
        guard FileManager.default.fileExists(atPath: path) else { return "there is no such folder" }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        let randomStates = names.filter(RandomState.isFileName)
        let needed = [TrainerState.fileName, ResumePointState.fileName, "optimizer.safetensors"]
        for name in needed + (randomStates.isEmpty ? ["rng_state.safetensors"] : []) where !names.contains(name) {
            return "it has no \(name) (it was saved with save_only_model, by another program, or is damaged)"
        }
        do {
            _ = try ResumePointState(folder: path)
            for name in randomStates { _ = try RandomState(path: "\(path)/\(name)") }
            // Trained weights lie in optimizer.safetensors; an adapter is read from its own file.
            if FileManager.default.fileExists(atPath: "\(path)/adapter_config.json") {
                _ = try AdapterConfig(folder: path)
                _ = try Checkpoint(folder: path, stem: "adapter_model")
            }
        } catch {
            return "\(error)"
        }
        return nil
    }

    /// Removes what an interrupted save or delete left.
    static func removeLeftovers(in folder: String) {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] where isLeftover(name) {
            try? FileManager.default.removeItem(atPath: "\(folder)/\(name)")
        }
    }

    /// Temporary names: of checkpoints, of Foundation's atomic writes and of AtomicFile's (name.PID.tmp).
    private static func isLeftover(_ name: String) -> Bool {
        if ["tmp-checkpoint-", "tmp-deleted-", ".dat.nosync"].contains(where: name.hasPrefix) { return true }
        let parts = name.split(separator: ".")
        return parts.count >= 3 && parts.last == "tmp" && Int(parts[parts.count - 2]) != nil
    }
}
