/// What `anneal eval` measures: LLaMA-Factory's benchmark arguments. Other commands refuse them.
public typealias EvaluationArguments = Arguments<EvaluationSettings>

/// The settings of `EvaluationArguments`. LLaMA-Factory's `seed` of this section is the training section's here.
public struct EvaluationSettings: SettingDeclarations {
    public static let title = "Benchmarks"
    public static let declarations = EvaluationSettings()

    public let task = Setting<String?>(
        "task", nil, "Benchmark and split: `mmlu_test`, `ceval_validation`, `cmmlu_test`.")
    public let taskDir = Setting("task_dir", "evaluation", "Folder of the benchmarks.")
    public let batchSize = Setting("batch_size", 4, "Questions at a time.", limits: .atLeast(1))
    public let lang = Setting("lang", BenchmarkLanguage.en, "Language of the questions.")
    public let nShot = Setting("n_shot", 5, "Solved examples before each question.", limits: .atLeast(0))
    public let saveDir = Setting<String?>("save_dir", nil, "New folder for results.json and results.log.")
    public let downloadMode = Setting(
        "download_mode", "reuse_dataset_if_exists", "Whether to download the benchmark again.",
        .noEffect("benchmarks are read from local files."))
}
