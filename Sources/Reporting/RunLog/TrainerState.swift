import JSON

/// What `trainer_state.json` holds: how far a run is and all it has logged, under transformers' names.
///
/// Numbers are stored unrounded, so that a state that is read back equals the one that was written bit by bit.
public struct TrainerState: Sendable, Equatable {
    /// Position in epochs, with the part of the current one.
    public var epoch: Double = 0
    /// Number of optimizer steps done.
    public var globalStep = 0
    /// Number of optimizer steps of the whole run.
    public var maxSteps = 0
    public var loggingSteps = 500
    public var evalSteps = 500
    public var saveSteps = 500
    /// Examples a micro-batch.
    public var trainBatchSize: Int?
    public var numTrainEpochs = 0
    public var numInputTokensSeen = 0
    public var totalFlos: Double = 0
    /// One record a log: `loss`, `grad_norm`, `learning_rate`, `epoch`, `step`; evaluations carry `eval_loss`, ….
    public var logHistory: [LogRecord] = []
    /// Best value of `metric_for_best_model`.
    public var bestMetric: Double?
    public var bestGlobalStep: Int?
    /// Path of the best checkpoint as it was saved.
    public var bestModelCheckpoint: String?
    /// States of what decides with a memory; see ``setEarlyStopping(patience:threshold:counter:)``.
    public var statefulCallbacks: LogRecord = [:]

    public init() {}

    /// Appends one log with `step` at its end, as transformers' `Trainer.log`.
    public mutating func log(_ record: LogRecord) {
        var record = record
        record["step"] = .int(globalStep)
        logHistory.append(record)
    }

    /// The wanted actions at the time of a save, which transformers stores too.
    public mutating func setControl(shouldSave: Bool, shouldTrainingStop: Bool) {
        statefulCallbacks["TrainerControl"] = [
            "args": [
                "should_epoch_stop": false, "should_evaluate": false, "should_log": false,
                "should_save": .bool(shouldSave), "should_training_stop": .bool(shouldTrainingStop),
            ],
            "attributes": [:],
        ]
    }

    /// Stores how many evaluations in a row brought no improvement.
    public mutating func setEarlyStopping(patience: Int, threshold: Double, counter: Int) {
        statefulCallbacks["EarlyStoppingCallback"] = [
            "args": ["early_stopping_patience": .int(patience), "early_stopping_threshold": .double(threshold)],
            "attributes": ["early_stopping_patience_counter": .int(counter)],
        ]
    }

    /// The count stored by ``setEarlyStopping(patience:threshold:counter:)``, 0 without one.
    public var earlyStoppingCounter: Int {
        let attributes = statefulCallbacks["EarlyStoppingCallback"]?["attributes"]
        return attributes?["early_stopping_patience_counter"]?.integer ?? 0
    }
}
