public import Basics
import JSON

extension TrainerState {
    /// The file's name in output_dir and in every checkpoint folder.
    public static let fileName = "trainer_state.json"

    /// The file's text, as transformers' `save_to_json`: two-space indent, sorted keys, a line feed at the end.
    public var json: String {
        func optional<Value>(_ value: Value?, _ wrap: (Value) -> JSONValue) -> JSONValue { value.map(wrap) ?? .null }
        let record: LogRecord = [
            "epoch": .double(epoch), "global_step": .int(globalStep), "max_steps": .int(maxSteps),
            "logging_steps": .int(loggingSteps), "eval_steps": .int(evalSteps), "save_steps": .int(saveSteps),
            "train_batch_size": optional(trainBatchSize, JSONValue.int), "num_train_epochs": .int(numTrainEpochs),
            "num_input_tokens_seen": .int(numInputTokensSeen), "total_flos": .double(totalFlos),
            "log_history": .array(logHistory.map(\.object)),
            "best_metric": optional(bestMetric, JSONValue.double),
            "best_global_step": optional(bestGlobalStep, JSONValue.int),
            "best_model_checkpoint": optional(bestModelCheckpoint, JSONValue.string),
            // Always so in a file: only the first process writes one, and there is no search over trials.
            "is_local_process_zero": true, "is_world_process_zero": true, "is_hyper_param_search": false,
            "trial_name": .null, "trial_params": .null, "stateful_callbacks": statefulCallbacks.object,
        ]
        return record.object.json(indent: 2, sortedKeys: true) + "\n"
    }

    /// Writes `trainer_state.json` into a folder, atomically.
    public func write(to folder: String) throws(FileError) {
        try AtomicFile.write(json, to: "\(folder)/\(Self.fileName)")
    }

    /// Reads the state of a checkpoint, ours or transformers' own.
    public init(folder: String) throws(FileError) {
        let path = "\(folder)/\(Self.fileName)"
        guard let bytes = try Files.read(path) else {
            throw FileError(path, "is missing. Resume from a complete checkpoint folder.")
        }
        try self.init(json: bytes, path: path)
    }

    /// Reads the text of a `trainer_state.json`. Keys that are missing keep their defaults.
    public init(json bytes: [UInt8], path: String) throws(FileError) {
        guard let record = LogRecord(try JSONValue(json: bytes, path: path)) else {
            throw FileError(path, "holds no JSON object.")
        }
        func wrong(_ key: String, _ what: String) -> FileError {
            FileError(path, "'\(key)' should be \(what). Resume from another checkpoint.")
        }
        func integer(_ key: String, _ target: inout Int) throws(FileError) {
            guard let value = record[key], value != .null else { return }
            guard let number = value.integer else { throw wrong(key, "a whole number") }
            target = number
        }
        func double(_ key: String, _ target: inout Double) throws(FileError) {
            guard let value = record[key], value != .null else { return }
            guard let number = value.number else { throw wrong(key, "a number") }
            target = number
        }
        try double("epoch", &epoch)
        try integer("global_step", &globalStep)
        try integer("max_steps", &maxSteps)
        try integer("logging_steps", &loggingSteps)
        try integer("eval_steps", &evalSteps)
        try integer("save_steps", &saveSteps)
        try integer("num_train_epochs", &numTrainEpochs)
        try integer("num_input_tokens_seen", &numInputTokensSeen)
        try double("total_flos", &totalFlos)
        trainBatchSize = record["train_batch_size"]?.integer
        bestMetric = record.number("best_metric")
        bestGlobalStep = record["best_global_step"]?.integer
        if case .string(let value)? = record["best_model_checkpoint"] { bestModelCheckpoint = value }
        if let value = LogRecord(record["stateful_callbacks"]) { statefulCallbacks = value }
        if let history = record["log_history"], history != .null {
            guard case .array(let entries) = history else { throw wrong("log_history", "a list") }
            for entry in entries {
                guard let log = LogRecord(entry) else { throw wrong("log_history", "a list of objects") }
                logHistory.append(log)
            }
        }
    }
}
