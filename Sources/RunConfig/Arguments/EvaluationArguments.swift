/// LLaMA-Factory's benchmark arguments; its `eval` command is not built, so a run that names one is told so.
public typealias EvaluationArguments = Arguments<EvaluationSettings>

/// The settings of `EvaluationArguments`. LLaMA-Factory's `seed` of this section is the training section's here.
public struct EvaluationSettings: SettingDeclarations {
    public static let title = "Benchmarks"
    public static let declarations = EvaluationSettings()

    private static let status = SettingStatus.refused("it belongs to the `eval` command, which is not supported yet.")

    public let task = Setting<String?>("task", nil, "Name of the benchmark.", status)
    public let taskDir = Setting("task_dir", "evaluation", "Folder of the benchmarks.", status)
    public let batchSize = Setting(
        "batch_size", 4, "Questions at a time.",
        .refused(
            "it belongs to the `eval` command, which is not supported yet; for training use `per_device_train_batch_size`."
        ), limits: .atLeast(1))
    public let lang = Setting("lang", BenchmarkLanguage.en, "Language of the questions.", status)
    public let nShot = Setting("n_shot", 5, "Solved examples before each question.", status, limits: .atLeast(0))
    public let saveDir = Setting<String?>("save_dir", nil, "Folder for the results.", status)
    public let downloadMode = Setting(
        "download_mode", "reuse_dataset_if_exists", "Whether to download the benchmark again.", status)
}
