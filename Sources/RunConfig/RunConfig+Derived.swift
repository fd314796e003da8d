extension DataArguments {
    /// Folder that the paths of media start from: `media_dir`, or `dataset_dir`.
    public var effectiveMediaDir: String { self.mediaDir ?? self.datasetDir }

    /// `val_size` when it asks for a split.
    public var splitSize: Double? { self.valSize > 1e-6 ? self.valSize : nil }
}

extension ModelArguments {
    /// What a weight of `bits` bits is written in: int8, or `quantization_type`; nil without bits.
    public func quantizationCode(bits: Int?) -> String? {
        bits.map { $0 == 8 ? "int8" : self.quantizationType.rawValue }
    }
}

extension TuningArguments {
    /// `lora_alpha`, or twice the rank; 0 counts as not given, as in LLaMA-Factory.
    public var effectiveLoraAlpha: Int {
        guard let loraAlpha = self.loraAlpha, loraAlpha != 0 else { return self.loraRank * 2 }
        return loraAlpha
    }
}

extension TrainingArguments {
    /// Updates between evaluations: `eval_steps`, or `logging_steps` when it is not given or 0.
    public var effectiveEvalSteps: Double {
        guard let evalSteps = self.evalSteps, evalSteps != 0 else { return self.loggingSteps }
        return evalSteps
    }

    /// Whether to evaluate at the end of training: `do_eval`, or any `eval_strategy` (transformers sets it so).
    public var effectiveDoEval: Bool { self.doEval || self.evalStrategy != .no }

    /// The number of updates in a run of `numSteps` that a setting of steps stands for: itself, or a part when below 1
    /// (rounded up, as in transformers).
    public static func steps(_ setting: Double, of numSteps: Int) -> Int {
        if setting < 1 { return Int((Double(numSteps) * max(setting, 0)).rounded(.up)) }
        return Int(exactly: setting.rounded(.down)) ?? .max
    }

    /// The number of updates until the learning rate is full, in a run of `numSteps` updates: `warmup_ratio` wins over
    /// `warmup_steps`, what is below 1 is a part (rounded up), as in transformers 5.
    public func warmupSteps(of numSteps: Int) -> Int {
        Self.steps(self.warmupRatio ?? self.warmupSteps, of: numSteps)
    }

    /// The seed of the order of the samples.
    public var orderSeed: Int { self.dataSeed ?? self.seed }

    /// Who gets the curves: `report_to` without "none".
    public var trackers: [String] { self.reportTo.filter { $0 != "none" } }
}

extension GenerationArguments {
    /// The longest answer in tokens; nil when `max_length` limits prompt and answer together.
    public var effectiveMaxNewTokens: Int? { self.maxNewTokens > 0 ? self.maxNewTokens : nil }
}

extension RunConfig {
    /// The metric that decides which checkpoint is best; nil when nothing asks for the best.
    ///
    /// Transformers takes the loss for `load_best_model_at_end`, ms-swift the reward where rewards are learned from;
    /// `save_strategy: best` needs one as well.
    public var bestMetric: String? {
        if let metric = training.metricForBestModel { return metric }
        guard training.loadBestModelAtEnd || training.saveStrategy == .best else { return nil }
        return [.grpo, .ppo].contains(tuning.stage) ? "reward" : "loss"
    }

    /// Whether a larger metric is better: as given, or unless its name ends in "loss".
    public var greaterIsBetter: Bool? { training.greaterIsBetter ?? bestMetric.map { !$0.hasSuffix("loss") } }

    /// LLaMA-Factory reads `packing` in every stage, and packs in two.
    var packingNotes: [String] {
        guard data.packing == true, [.rm, .dpo, .kto, .ppo].contains(tuning.stage) else { return [] }
        return [
            "`packing: true` packs nothing in stage \(tuning.stage.rawValue), as in LLaMA-Factory, but takes one token off cutoff_len; what is computed is put together without padding in any case."
        ]
    }

    /// Whether samples are put together: `neat_packing` and `packing`; texts (stage pt) unless told otherwise.
    public var packsSamples: Bool { data.neatPacking || (data.packing ?? (tuning.stage == .pt)) }

    /// Tokens an encoded sample may have: `cutoff_len`, one less where packing is asked for, as in LLaMA-Factory.
    public var encodedLength: Int {
        data.neatPacking || data.packing == true ? max(1, data.cutoffLen - 1) : data.cutoffLen
    }
}
