/// What is trained on: data sets, their template, length, mixture and split.
public typealias DataArguments = Arguments<DataSettings>

/// The settings of `DataArguments`, as in LLaMA-Factory's data arguments.
public struct DataSettings: SettingDeclarations {
    public static let title = "Data"
    public static let declarations = DataSettings()

    public let template = Setting<String?>("template", nil, "Name of the prompt template: qwen, qwen2_vl, llama3, …")
    public let dataset = Setting<[String]?>(
        "dataset", nil, "Names in dataset_info.json, or paths of data files, comma separated.")
    public let evalDataset = Setting<[String]?>("eval_dataset", nil, "Data sets to evaluate on, named as in `dataset`.")
    public let datasetDir = Setting("dataset_dir", "data", "Folder of the data files and of dataset_info.json.")
    public let mediaDir = Setting<String?>(
        "media_dir", nil, "Folder that the paths of images and videos start from; `dataset_dir` when not given.")
    public let cutoffLen = Setting(
        "cutoff_len", 2048, "Longest sample in tokens; longer ones are cut.", limits: .atLeast(1))
    public let trainOnPrompt = Setting("train_on_prompt", false, "Learn the prompts too, not only the answers.")
    public let maskHistory = Setting("mask_history", false, "Learn the last answer only.")
    public let streaming = Setting("streaming", false, "Prepare the data while training; needs max_steps.")
    public let bufferSize = Setting(
        "buffer_size", 16_384, "Streaming: rows to shuffle among.", limits: .atLeast(1))
    public let mixStrategy = Setting(
        "mix_strategy", MixStrategy.concat, "How several data sets become one.")
    public let interleaveProbs = Setting<[Double]?>(
        "interleave_probs", nil, "How often each data set is drawn from when they are interleaved.",
        limits: .within(0...1))
    public let overwriteCache = Setting(
        "overwrite_cache", false, "Prepare the data again instead of taking them from the cache.")
    public let preprocessingBatchSize = Setting(
        "preprocessing_batch_size", 1000, "Rows that are packed, or cut into blocks, together.", limits: .atLeast(1))
    public let preprocessingNumWorkers = Setting<Int?>(
        "preprocessing_num_workers", nil, "Processes that prepare the data.",
        .noEffect("rows are prepared on all cores within one process."))
    public let maxSamples = Setting<Int?>(
        "max_samples", nil, "Use the first rows of each data set only.", limits: .atLeast(1))
    public let evalNumBeams = Setting<Int?>(
        "eval_num_beams", nil, "Beams for generation at evaluation.", .notSupportedYet, limits: .atLeast(1))
    public let ignorePadTokenForLoss = Setting(
        "ignore_pad_token_for_loss", true, "Leave padding out of the loss.", .refused("padding is never learned."))
    public let valSize = Setting(
        "val_size", 0.0, "Part of the data kept for evaluation: a fraction below 1, or a number of rows.",
        limits: .atLeast(0))
    public let evalOnEachDataset = Setting(
        "eval_on_each_dataset", false, "Evaluate each data set of `eval_dataset` by itself.")
    public let packing = Setting<Bool?>(
        "packing", nil,
        "Put several samples into one sequence; each attends only to itself. Texts (stage pt): unless false.")
    public let neatPacking = Setting(
        "neat_packing", false, "Put several samples into one sequence without attention between them.")
    public let toolFormat = Setting<String?>(
        "tool_format", nil, "Name of the tool format to use instead of the template's.", .notSupportedYet)
    public let defaultSystem = Setting<String?>(
        "default_system", nil, "System prompt to use instead of the template's.")
    public let enableThinking = Setting<Bool?>(
        "enable_thinking", true, "Whether a reasoning model thinks; null keeps what the data says.")
    public let preserveThinking = Setting(
        "preserve_thinking", false, "Keep the thoughts of earlier turns.")
    public let lossScale = Setting<String?>(
        "loss_scale", nil,
        "What parts of answers weigh in the loss, as in ms-swift: default, last_round or all, and rules, joined with +."
    )
    public let ignoreEmptyThink = Setting(
        "ignore_empty_think", false, "Do not learn thoughts without content: `loss_scale` with +ignore_empty_think.")
    public let tokenizedPath = Setting<String?>(
        "tokenized_path", nil, "Folder of prepared data: written if it is not there, read if it is.")
    public let dataSharedFileSystem = Setting(
        "data_shared_file_system", false, "All machines see the same files.", .notSupportedYet)
    public let maxDroppedShare = Setting(
        "max_dropped_share", 0.2, "Largest share of rows that may be left out; above it training does not start.",
        limits: .within(0...1))
    public let maxUnlabeledShare = Setting(
        "max_unlabeled_share", 0.1,
        "Largest share of rows that may have nothing to learn; above it training does not start.",
        limits: .within(0...1))
    public let maxTruncatedShare = Setting(
        "max_truncated_share", 1.0,
        "Largest share of rows that may be cut to cutoff_len; above it training does not start.",
        limits: .within(0...1))
    public let maxLeakedShare = Setting(
        "max_leaked_share", 0.3,
        "Largest share of rows to evaluate on that may also be trained on; above it training does not start.",
        limits: .within(0...1))
}
