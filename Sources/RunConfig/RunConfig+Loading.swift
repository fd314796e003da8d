import Foundation

extension RunConfig {
    /// Reads a YAML or JSON file, lays `key=value` overrides over it and checks everything.
    ///
    /// - Parameters:
    ///   - file: path of the file; nil reads the overrides only.
    ///   - overrides: `key=value`, the value in YAML (`max_samples=10`, `lora_target=[q_proj,v_proj]`,
    ///     `lr_scheduler_kwargs.min_lr=1e-6`), later ones win.
    ///   - purpose: what the configuration is for.
    ///   - allowsUnknownKeys: turns unknown keys into notes (LLaMA-Factory's ALLOW_EXTRA_ARGS=1).
    /// - Throws: `ConfigError` with every problem that there is.
    public static func load(
        file: String?, overrides: [String] = [], purpose: Purpose = .training, allowsUnknownKeys: Bool = false
    ) throws(ConfigError) -> RunConfig {
        var document = ConfigDocument()
        var problems: [ConfigError.Problem] = []
        if let file {
            do { document = try ConfigDocument(yaml: try text(ofFile: file), path: file) } catch {
                problems += error.problems
            }
        }
        do { document.merge(try ConfigDocument(overrides: overrides)) } catch { problems += error.problems }
        let folder = file.map { URL(fileURLWithPath: $0).deletingLastPathComponent().path }
        return try RunConfig.make(document, problems, folder, purpose, allowsUnknownKeys)
    }

    /// Reads a configuration that is given as flags alone: `--stage sft --do_train --lora_target q_proj,v_proj`.
    ///
    /// - Throws: `ConfigError` with every problem that there is.
    public static func load(
        flags: [String], purpose: Purpose = .training, allowsUnknownKeys: Bool = false
    ) throws(ConfigError) -> RunConfig {
        var document = ConfigDocument()
        var problems: [ConfigError.Problem] = []
        do { document = try ConfigDocument(flags: flags) } catch { problems += error.problems }
        return try RunConfig.make(document, problems, nil, purpose, allowsUnknownKeys)
    }

    /// Reads what follows a command as LLaMA-Factory does: a file ending in .yaml, .yml or .json with overrides, or flags.
    ///
    /// - Throws: `ConfigError` with every problem that there is.
    public static func load(
        arguments: [String], purpose: Purpose = .training, allowsUnknownKeys: Bool = false
    ) throws(ConfigError) -> RunConfig {
        if let first = arguments.first, [".yaml", ".yml", ".json"].contains(where: first.lowercased().hasSuffix),
            !isAssignment(first)
        {
            return try load(
                file: first, overrides: Array(arguments.dropFirst()), purpose: purpose,
                allowsUnknownKeys: allowsUnknownKeys)
        }
        if let first = arguments.first, !first.hasPrefix("--"), !first.contains("=") {
            throw ConfigError([
                .init("Expected a file ending in .yaml, .yml or .json, or flags such as --stage sft; got '\(first)'.")
            ])
        }
        if arguments.first?.hasPrefix("--") ?? false {
            return try load(flags: arguments, purpose: purpose, allowsUnknownKeys: allowsUnknownKeys)
        }
        return try load(file: nil, overrides: arguments, purpose: purpose, allowsUnknownKeys: allowsUnknownKeys)
    }

    /// Whether an argument such as dataset=pets.json is a setting rather than a file.
    private static func isAssignment(_ argument: String) -> Bool {
        guard let sign = argument.firstIndex(of: "=") else { return false }
        return argument[..<sign].allSatisfy { $0.isLetter || $0 == "_" || $0.isNumber }
            && !FileManager.default.fileExists(atPath: argument)
    }

    /// Larger than any configuration.
    private static let maxFileBytes = 8 << 20

    private static func text(ofFile path: String) throws(ConfigError) -> String {
        func problem(_ message: String) -> ConfigError {
            ConfigError([.init(message, origin: .file(path: path, line: nil))])
        }
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw problem(
                "There is no such file (the working directory is \(FileManager.default.currentDirectoryPath)).")
        }
        guard !isFolder.boolValue else { throw problem("This is a folder; name the YAML file in it.") }
        let size = (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0
        guard size <= maxFileBytes else { throw problem("The file has \(size) bytes, which is no configuration.") }
        guard let data = FileManager.default.contents(atPath: path) else { throw problem("The file cannot be read.") }
        guard let text = String(validating: data, as: UTF8.self) else { throw problem("The file is not UTF-8 text.") }
        return text.hasPrefix("\u{FEFF}") ? String(text.dropFirst()) : text
    }

    private static func make(
        _ document: ConfigDocument, _ found: [ConfigError.Problem], _ folder: String?, _ purpose: Purpose,
        _ allowsUnknownKeys: Bool
    ) throws(ConfigError) -> RunConfig {
        var config = RunConfig()
        var problems = found
        var given: Set<String> = []
        for entry in document.entries {
            do {
                try config.read(entry, purpose, allowsUnknownKeys, &given)
            } catch {
                problems.append(error.problem)
            }
        }
        // Cross checks over defaults that stand in for values which could not be read would mislead.
        let unread = Set(problems.compactMap(\.key))
        let origins = Dictionary(
            document.entries.map { (Self.index[$0.key]?.setting.key ?? $0.key, $0.origin) }, uniquingKeysWith: { $1 })
        if found.isEmpty {
            problems += config.crossChecks(purpose).filter { check in !check.keys.contains(where: unread.contains) }.map
            {
                .init(key: $0.keys.first, $0.message, origin: $0.keys.compactMap { origins[$0] ?? nil }.first)
            }
        }
        if !problems.isEmpty { throw ConfigError(problems) }
        config.resolvePaths(folder: folder)
        if [.training, .data].contains(purpose) { config.notes += config.packingNotes }
        return config
    }

    /// A problem on its way out of a function that reads one entry.
    private struct EntryError: Error {
        let problem: ConfigError.Problem
    }

    private mutating func read(
        _ entry: ConfigDocument.Entry, _ purpose: Purpose, _ allowsUnknownKeys: Bool, _ given: inout Set<String>
    ) throws(EntryError) {
        let key = entry.key
        func failure(_ message: String) -> EntryError {
            EntryError(problem: .init(key: key, message, origin: entry.origin))
        }
        guard let (section, setting) = Self.index[key] else {
            let message = Self.message(forUnknown: key)
            guard allowsUnknownKeys else { throw failure(message) }
            notes.append("\(message) It is left out.")
            return
        }
        guard let value = setting.decode(entry.value) else {
            throw failure("`\(key): \(entry.value.text)` does not fit: expected \(setting.expectation).")
        }
        guard given.insert(setting.key).inserted else {
            throw failure("`\(key)` is given twice: `\(setting.key)` and `\(setting.otherName ?? key)` mean the same.")
        }
        set(setting.key, section: section, value)
        guard purpose == .training || !(section == 3 || section == 7) else {
            if purpose != .data, !Self.isUsed(key, purpose) {
                notes.append("`\(key)` has no effect: it belongs to training.")
            }
            return
        }
        let isDefault = value.configText == setting.defaultText
        switch setting.status {
        case .supported: break
        case .only(let allowed, let reason):
            let elements = (value as? [String]) ?? [value.configText]
            if !isDefault, let other = elements.first(where: { !allowed.contains($0) }), other != "null" {
                throw failure("`\(key): \(other)`: \(reason)")
            }
        case .noEffect(let reason):
            if !isDefault { notes.append("`\(key): \(value.configText)` has no effect: \(reason)") }
        case .refused(let reason):
            if !isDefault { throw failure("`\(key): \(value.configText)` cannot be used: \(reason)") }
        }
    }

    /// Whether a key of training says something to another command, too.
    private static func isUsed(_ key: String, _ purpose: Purpose) -> Bool {
        switch key {
        case "seed": [.inference, .evaluation].contains(purpose)  // it also draws answers and examples
        // What `anneal predict` does, and where it leaves it.
        case "do_predict", "predict_with_generate", "output_dir", "overwrite_output_dir": purpose == .inference
        default: false
        }
    }

    /// The section and the setting of every key, other names included.
    static let index: [String: (section: Int, setting: any AnySetting)] = {
        let all = sections.enumerated().flatMap { section, content in
            content.settings.flatMap { setting in
                [setting.key, setting.otherName].compactMap(\.self).map { ($0, (section, setting)) }
            }
        }
        return Dictionary(all, uniquingKeysWith: { first, _ in first })
    }()
}
