public import Basics
import JSON

/// The README.md of an output folder: metadata that the hub reads, results, hyper-parameters, versions.
///
/// Follows transformers' `TrainingSummary` and, for adapters, peft's changes to it. Differences, on purpose: the base model
/// is named without a link (for a folder the reference writes a dead one), and the table of results is filled also when
/// token counts are logged.
public struct ModelCard: Sendable {
    /// The library that loads the folder.
    public enum Library: String, Sendable {
        /// An adapter.
        case peft
        /// A whole model.
        case transformers
    }

    /// A name and its text, in the order they are listed.
    public struct Item: Sendable, Equatable {
        public var name: String
        public var value: String
        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    public var library: Library
    /// Usually the name of the output folder.
    public var modelName: String
    public var license = "other"
    /// `model_name_or_path`.
    public var baseModel: String
    /// `lora`, `full`, `freeze`.
    public var finetuningType: String
    /// Further tags.
    public var extraTags: [String] = []
    /// Names of the data sets; empty: unknown.
    public var datasets: [String] = []
    public var hyperparameters: [Item] = []
    /// Versions of the software, in order.
    public var frameworkVersions: [Item] = []
    /// The last evaluation under readable names (`Loss`, `Accuracy`); nil without one.
    public var evalResults: LogRecord?
    /// One row an evaluation; nil leaves the section out.
    public var trainingResults: [LogRecord]?

    public init(library: Library, modelName: String, baseModel: String, finetuningType: String) {
        self.library = library
        self.modelName = modelName
        self.baseModel = baseModel
        self.finetuningType = finetuningType
    }

    /// Fills in the results from a run's log history.
    public mutating func setResults(from history: [LogRecord]) {
        var rows: [LogRecord] = []
        var trainingLoss: JSONValue = "No log"
        for record in history {
            if let loss = record["loss"] { trainingLoss = loss }
            guard record["eval_loss"] != nil else { continue }
            var row: LogRecord = ["Training Loss": trainingLoss]
            row["Epoch"] = record["epoch"] ?? .null
            row["Step"] = record["step"] ?? .null
            for entry in record.entries where !Self.isBookkeeping(entry.key) {
                row[entry.key == "eval_loss" ? "Validation Loss" : Self.readable(entry.key)] = entry.value
            }
            rows.append(row)
        }
        trainingResults = rows
        guard let last = history.last(where: { $0["eval_loss"] != nil }) else { return }
        var results = LogRecord()
        for entry in last.entries where !Self.isBookkeeping(entry.key) {
            results[Self.readable(entry.key)] = entry.value
        }
        evalResults = results
    }

    /// Writes README.md into a folder, atomically.
    public func write(to folder: String) throws(FileError) {
        try AtomicFile.write(text, to: "\(folder)/README.md")
    }

    private static func isBookkeeping(_ key: String) -> Bool {
        let names: Set = ["runtime", "samples_per_second", "steps_per_second", "epoch", "step", "total_flos"]
        return names.contains(key.hasPrefix("eval_") ? String(key.dropFirst(5)) : key)
    }

    /// `eval_token_acc` -> `Token Acc`.
    private static func readable(_ key: String) -> String {
        let name = key.hasPrefix("eval_") ? key.dropFirst(5) : key[...]
        return name.split(separator: "_").map { $0.prefix(1).uppercased() + $0.dropFirst().lowercased() }
            .joined(separator: " ")
    }
}
