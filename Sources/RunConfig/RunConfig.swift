/// The whole configuration of a run, read once from YAML, JSON or flags and checked; nothing writes into it later.
///
/// The names are LLaMA-Factory's: `lora_rank` in YAML is `tuning.loraRank` here.
public struct RunConfig: Sendable {
    /// The model and its media limits.
    public var model = ModelArguments()
    /// The data sets.
    public var data = DataArguments()
    /// Stage and method.
    public var tuning = TuningArguments()
    /// Batches, steps, evaluation, saving and logging.
    public var training = TrainingArguments()
    /// How answers are drawn.
    public var generation = GenerationArguments()
    /// Where a merged model goes.
    public var export = ExportArguments()
    /// Benchmarks.
    public var evaluation = EvaluationArguments()
    /// Rewards and what is learned from them.
    public var reinforcement = ReinforcementArguments()
    /// What the user should see: settings that were given and have no effect, paths that were found elsewhere.
    public var notes: [String] = []

    /// A configuration in which everything has its default.
    public init() {}

    /// What a configuration is for; it decides what must be there.
    public enum Purpose: Sendable, Hashable {
        case training, inference, export, evaluation
        /// Looking at the data of a run, which need not be a training run.
        case data
    }
}

extension RunConfig {
    /// Every setting, section by section.
    public static let sections: [(title: String, settings: [any AnySetting])] = [
        (ModelSettings.title, ModelSettings.all), (DataSettings.title, DataSettings.all),
        (TuningSettings.title, TuningSettings.all), (TrainingSettings.title, TrainingSettings.all),
        (GenerationSettings.title, GenerationSettings.all), (ExportSettings.title, ExportSettings.all),
        (EvaluationSettings.title, EvaluationSettings.all), (ReinforcementSettings.title, ReinforcementSettings.all),
    ]

    /// Writes a decoded value into the section that declares the key.
    mutating func set(_ key: String, section: Int, _ value: any SettingValue) {
        switch section {
        case 0: model.set(key, value)
        case 1: data.set(key, value)
        case 2: tuning.set(key, value)
        case 3: training.set(key, value)
        case 4: generation.set(key, value)
        case 5: export.set(key, value)
        case 6: evaluation.set(key, value)
        default: reinforcement.set(key, value)
        }
    }

    /// The settings that were given, as sorted YAML lines.
    public var givenText: String {
        let sections: [(Set<String>, (String) -> String?)] = [
            (model.givenKeys, model.text), (data.givenKeys, data.text), (tuning.givenKeys, tuning.text),
            (training.givenKeys, training.text), (generation.givenKeys, generation.text),
            (export.givenKeys, export.text), (evaluation.givenKeys, evaluation.text),
            (reinforcement.givenKeys, reinforcement.text),
        ]
        let lines = sections.flatMap { keys, text in keys.compactMap { key in text(key).map { "\(key): \($0)" } } }
        return lines.sorted().map { $0 + "\n" }.joined()
    }
}
