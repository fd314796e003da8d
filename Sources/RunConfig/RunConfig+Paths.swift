import Foundation

extension RunConfig {
    /// Makes relative paths of things that are read point to where they are: first from the working directory (as
    /// LLaMA-Factory does), then from the folder of the YAML file, so that a run does not depend on where it is started.
    mutating func resolvePaths(folder: String?) {
        let resolver = PathResolver(folder: folder)
        var notes = self.notes
        func resolve(_ key: String, _ path: String) -> String {
            let resolved = resolver.resolve(path)
            if resolved.isFromFolder {
                notes.append("`\(key)`: '\(path)' was found beside the configuration: \(resolved.path)")
            }
            return resolved.path
        }
        /// A name in dataset_info.json has neither a folder nor an ending.
        func resolveFile(_ key: String, _ name: String) -> String {
            name.contains("/") || name.contains(".json") ? resolve(key, name) : name
        }
        if let path = model.modelNameOrPath { model.modelNameOrPath = resolve("model_name_or_path", path) }
        if let path = model.adapterFolder {
            model.adapterFolder = resolve("adapter_folder", path)
        } else if let paths = model.adapterNameOrPath {
            model.adapterNameOrPath = paths.map { resolve("adapter_name_or_path", $0) }
        }
        let datasetDir = resolve("dataset_dir", data.datasetDir)
        if datasetDir != data.datasetDir { data.datasetDir = datasetDir }
        if let path = data.mediaDir { data.mediaDir = resolve("media_dir", path) }
        if let names = data.dataset { data.dataset = names.map { resolveFile("dataset", $0) } }
        if let names = data.evalDataset { data.evalDataset = names.map { resolveFile("eval_dataset", $0) } }
        if case .path(let path)? = training.resumeFromCheckpoint {
            training.resumeFromCheckpoint = .path(resolve("resume_from_checkpoint", path))
        }
        self.notes = notes
        // What is written goes where the working directory says.
        if training.isGiven(\.outputDir) { training.outputDir = resolver.expandingHome(training.outputDir) }
        if let path = training.loggingDir { training.loggingDir = resolver.expandingHome(path) }
        if let path = export.exportDir { export.exportDir = resolver.expandingHome(path) }
    }
}

/// Finds what a relative path means.
struct PathResolver {
    /// The folder of the configuration.
    let folder: String?

    /// The path as it is when it exists from the working directory or nowhere, below `folder` when it exists there only.
    func resolve(_ path: String) -> (path: String, isFromFolder: Bool) {
        let path = expandingHome(path)
        guard let folder, !path.hasPrefix("/"), !FileManager.default.fileExists(atPath: path) else {
            return (path, false)
        }
        let beside = URL(fileURLWithPath: folder).appendingPathComponent(path).standardizedFileURL.path
        return FileManager.default.fileExists(atPath: beside) ? (beside, true) : (path, false)
    }

    /// The path with a leading `~` replaced by the user's home folder.
    func expandingHome(_ path: String) -> String {
        guard path == "~" || path.hasPrefix("~/") else { return path }
        return FileManager.default.homeDirectoryForCurrentUser.path + path.dropFirst()
    }
}
