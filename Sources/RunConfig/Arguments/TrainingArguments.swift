/// How the run goes: batches, steps, learning rate, evaluation, saving, logging.
public typealias TrainingArguments = Arguments<TrainingSettings>

/// The settings of `TrainingArguments`: transformers 5's training arguments and what LLaMA-Factory adds to them.
public struct TrainingSettings: SettingDeclarations {
    public static let title = "Training"
    public static let declarations = TrainingSettings()

    private static let hub = SettingStatus.refused("nothing is uploaded.")
    private static let oneProcess = SettingStatus.notSupportedYet
    private static let loader = SettingStatus.noEffect("samples are prepared ahead on threads of the same process.")

    // MARK: What is done
    public let outputDir = Setting("output_dir", "trainer_output", "Folder for everything that the run leaves.")
    public let overwriteOutputDir = Setting(
        "overwrite_output_dir", false, "Start anew although the output folder holds a run.")
    public let doTrain = Setting("do_train", false, "Train.")
    public let doEval = Setting("do_eval", false, "Evaluate when the training is over.")
    public let doPredict = Setting(
        "do_predict", false, "Predict for the evaluation data after training: a reward model's scores.")
    public let predictWithGenerate = Setting(
        "predict_with_generate", false, "Evaluate by generated answers.",
        .refused("training does not write answers: run `anneal predict`, which reads the same file."))
    public let resumeFromCheckpoint = Setting<ResumePoint?>(
        "resume_from_checkpoint", nil,
        "Go on from a checkpoint's folder, or true for the newest; by default from the newest of the output folder.")
    public let seed = Setting(
        "seed", 42, "Start of all chance: split, order, dropout, new weights.", limits: .atLeast(0))
    public let dataSeed = Setting<Int?>(
        "data_seed", nil, "Start of the order's chance, when it is not `seed`.", limits: .atLeast(0))
    public let fullDeterminism = Setting(
        "full_determinism", false, "Use only operators that always give the same bits.", .notSupportedYet)

    // MARK: Batches and steps
    public let perDeviceTrainBatchSize = Setting(
        "per_device_train_batch_size", 8, "Samples that go through the model together.", limits: .atLeast(1))
    public let perDeviceEvalBatchSize = Setting(
        "per_device_eval_batch_size", 8, "The same at evaluation.", limits: .atLeast(1))
    public let gradientAccumulationSteps = Setting(
        "gradient_accumulation_steps", 1, "Batches per update.", limits: .atLeast(1))
    public let numTrainEpochs = Setting("num_train_epochs", 3.0, "Passes over the data.", limits: .above(0))
    public let maxSteps = Setting(
        "max_steps", -1, "Updates to do instead of whole epochs, when above 0.", limits: .atLeast(-1))
    public let autoFindBatchSize = Setting(
        "auto_find_batch_size", false, "Try smaller batches when memory is short.", .notSupportedYet)

    // MARK: Optimizer
    public let learningRate = Setting("learning_rate", 5e-5, "Highest learning rate.", limits: .atLeast(0))
    public let lrSchedulerType = Setting(
        "lr_scheduler_type", SchedulerType.linear, "How the learning rate changes.",
        .only(
            [
                "linear", "cosine", "cosine_with_restarts", "polynomial", "constant", "constant_with_warmup",
                "inverse_sqrt", "cosine_with_min_lr", "warmup_stable_decay",
            ], "this schedule is not supported yet."))
    public let lrSchedulerKwargs = Setting<[String: ConfigValue]?>(
        "lr_scheduler_kwargs", nil,
        "Further numbers of the schedule: num_cycles, power, min_lr, min_lr_rate, timescale, num_stable_steps, num_decay_steps, …"
    )
    public let warmupSteps = Setting(
        "warmup_steps", 0.0, "Updates until the learning rate is full; below 1 a part of all updates.",
        limits: .atLeast(0))
    public let warmupRatio = Setting<Double?>(
        "warmup_ratio", nil, "Part of all updates until the learning rate is full; wins over `warmup_steps`.",
        limits: .atLeast(0))
    public let optim = Setting(
        "optim", "adamw_torch_fused", "The optimizer.",
        .only(["adamw_torch", "adamw_torch_fused"], "only AdamW (adamw_torch, adamw_torch_fused) is supported yet."))
    public let optimArgs = Setting<String?>("optim_args", nil, "Further numbers of the optimizer.", .notSupportedYet)
    public let optimTargetModules = Setting<[String]?>(
        "optim_target_modules", nil, "Layers that a low-rank optimizer treats.", .notSupportedYet)
    public let weightDecay = Setting(
        "weight_decay", 0.0, "Decay of the weights, not of biases and norms.", limits: .atLeast(0))
    public let adamBeta1 = Setting("adam_beta1", 0.9, "AdamW: decay of the mean.", limits: .fraction)
    public let adamBeta2 = Setting("adam_beta2", 0.999, "AdamW: decay of the square.", limits: .fraction)
    public let adamEpsilon = Setting(
        "adam_epsilon", 1e-8, "AdamW: guard against division by zero.", limits: .atLeast(0))
    public let maxGradNorm = Setting(
        "max_grad_norm", 1.0, "Longer gradients are cut to this length; 0 for never.", limits: .atLeast(0))
    public let labelSmoothingFactor = Setting(
        "label_smoothing_factor", 0.0, "Part of the label spread over all tokens.", .notSupportedYet,
        limits: .within(0...1))
    public let neftuneNoiseAlpha = Setting<Double?>(
        "neftune_noise_alpha", nil, "Noise on the embeddings.", .notSupportedYet)

    // MARK: Numbers and memory
    public let bf16 = Setting("bf16", false, "Compute in bf16; trained adapter weights stay in fp32.")
    public let fp16 = Setting("fp16", false, "Compute in fp16.", .notSupportedYet)
    public let bf16FullEval = Setting("bf16_full_eval", false, "Evaluate in bf16 throughout.", .notSupportedYet)
    public let fp16FullEval = Setting("fp16_full_eval", false, "Evaluate in fp16 throughout.", .notSupportedYet)
    public let tf32 = Setting<Bool?>("tf32", nil, "Allow TF32 on the GPU.", .notSupportedYet)
    public let fp8 = Setting("fp8", false, "Compute in FP8.", .notSupportedYet)
    public let fp8Backend = Setting("fp8_backend", "auto", "FP8: library.", .notSupportedYet)
    public let fp8EnableFsdpFloat8AllGather = Setting(
        "fp8_enable_fsdp_float8_all_gather", false, "FP8: gather weights in FP8.", .notSupportedYet)
    public let gradientCheckpointing = Setting(
        "gradient_checkpointing", false, "Hugging Face's switch for gradient checkpointing.",
        .noEffect("gradient checkpointing is on unless `disable_gradient_checkpointing` is true, as in LLaMA-Factory."))
    public let gradientCheckpointingKwargs = Setting<[String: ConfigValue]?>(
        "gradient_checkpointing_kwargs", nil, "Further arguments of gradient checkpointing.",
        .noEffect("there is one way of gradient checkpointing, which gives the same gradients."))
    public let torchCompile = Setting("torch_compile", false, "Compile the model.", .notSupportedYet)
    public let torchCompileBackend = Setting<String?>("torch_compile_backend", nil, "Compiler.", .notSupportedYet)
    public let torchCompileMode = Setting<String?>("torch_compile_mode", nil, "Compiler's mode.", .notSupportedYet)
    public let useLigerKernel = Setting(
        "use_liger_kernel", false, "Use Liger's kernels.", .noEffect("the kernels are Anneal's own."))
    public let ligerKernelConfig = Setting<[String: ConfigValue]?>(
        "liger_kernel_config", nil, "Liger: which kernels.", .noEffect("the kernels are Anneal's own."))
    public let useCache = Setting("use_cache", false, "Keep keys and values while training.", .notSupportedYet)
    public let useCPU = Setting(
        "use_cpu", false, "Train on the CPU although there is a GPU, as `device: cpu`.")
    public let torchEmptyCacheSteps = Setting<Int?>(
        "torch_empty_cache_steps", nil, "Steps between emptying the GPU's memory cache.", .notSupportedYet,
        limits: .atLeast(1))

    // MARK: Evaluation and saving
    public let evalStrategy = Setting("eval_strategy", IntervalStrategy.no, "When to evaluate.")
    public let evalSteps = Setting<Double?>(
        "eval_steps", nil,
        "Updates between evaluations, `logging_steps` when not given; below 1 a part of all updates.",
        limits: .atLeast(0))
    public let evalDelay = Setting(
        "eval_delay", 0.0, "Updates (or epochs) before the first evaluation.", limits: .atLeast(0))
    public let evalOnStart = Setting("eval_on_start", false, "Evaluate before the first update.")
    public let saveStrategy = Setting("save_strategy", SaveStrategy.steps, "When to write a checkpoint.")
    public let saveSteps = Setting(
        "save_steps", 500.0, "Updates between checkpoints; below 1 a part of all updates.", limits: .above(0))
    public let saveTotalLimit = Setting<Int?>(
        "save_total_limit", nil, "Checkpoints to keep; the oldest go first, the best stays.", limits: .atLeast(1))
    public let saveOnlyModel = Setting("save_only_model", false, "Leave out what is needed to resume.")
    public let loadBestModelAtEnd = Setting(
        "load_best_model_at_end", false, "End with the best checkpoint instead of the last.")
    public let metricForBestModel = Setting<String?>(
        "metric_for_best_model", nil, "What best means: loss when not given.")
    public let greaterIsBetter = Setting<Bool?>(
        "greater_is_better", nil, "Whether a larger metric is better; by its name when not given.")
    public let predictionLossOnly = Setting(
        "prediction_loss_only", false, "Evaluate the loss only.", .noEffect("only the loss is evaluated."))
    public let evalDoConcatBatches = Setting(
        "eval_do_concat_batches", true, "Join the batches' predictions.", .noEffect("only the loss is evaluated."))
    public let evalUseGatherObject = Setting(
        "eval_use_gather_object", false, "Gather nested predictions.", .noEffect("only the loss is evaluated."))
    public let evalAccumulationSteps = Setting<Int?>(
        "eval_accumulation_steps", nil, "Batches before predictions leave the GPU.",
        .noEffect("only the loss is evaluated."))
    public let batchEvalMetrics = Setting(
        "batch_eval_metrics", false, "Compute metrics batch by batch.", .noEffect("only the loss is evaluated."))
    public let includeForMetrics = Setting<[String]>(
        "include_for_metrics", [], "What metrics get to see.", .noEffect("only the loss is evaluated."))
    public let sortishSampler = Setting(
        "sortish_sampler", false, "Evaluate samples of like length together.", .notSupportedYet)
    public let generationMaxLength = Setting<Int?>(
        "generation_max_length", nil, "Longest text when evaluating by generation.", .notSupportedYet)
    public let generationNumBeams = Setting<Int?>(
        "generation_num_beams", nil, "Beams when evaluating by generation.", .notSupportedYet)
    public let generationConfig = Setting<String?>(
        "generation_config", nil, "Generation settings of a model.", .notSupportedYet)

    // MARK: Logging
    public let loggingStrategy = Setting("logging_strategy", IntervalStrategy.steps, "When to log.")
    public let loggingSteps = Setting(
        "logging_steps", 500.0, "Updates between log lines; below 1 a part of all updates.", limits: .atLeast(0))
    public let loggingFirstStep = Setting("logging_first_step", false, "Log the first update too.")
    public let loggingNanInfFilter = Setting(
        "logging_nan_inf_filter", true, "Leave losses that are not numbers out of the logged mean.",
        .noEffect("a loss that is not a number stops the run before any weight changes."))
    public let loggingDir = Setting<String?>(
        "logging_dir", nil, "Folder for TensorBoard's files; output_dir/runs when not given.")
    public let reportTo = Setting<[String]>(
        "report_to", [], "Who gets the curves: none or tensorboard.",
        .only(["none", "tensorboard"], "only none and tensorboard are supported yet."))
    public let runName = Setting<String?>(
        "run_name", nil, "Name of the run.", .noEffect("no tracker that shows names is supported yet."))
    public let includeNumInputTokensSeen = Setting(
        "include_num_input_tokens_seen", InputTokenCount.no, "Log the number of tokens seen.")
    public let disableTqdm = Setting<Bool?>("disable_tqdm", nil, "Hide the progress bar.")
    public let profile = Setting(
        "profile", false,
        "Show at the end where the steps' time and memory went, and write a trace for chrome://tracing.")
    public let logLevel = Setting(
        "log_level", "passive", "Python's log level.", .noEffect("Anneal's log has one level."))
    public let logLevelReplica = Setting(
        "log_level_replica", "warning", "Python's log level of other processes.",
        .noEffect("Anneal's log has one level."))
    public let logOnEachNode = Setting("log_on_each_node", true, "Log on every machine.", oneProcess)
    public let skipMemoryMetrics = Setting(
        "skip_memory_metrics", true, "Leave memory out of the metrics.", .noEffect("peak memory is always shown."))
    public let debug = Setting("debug", "", "Python's debugging aids.", .notSupportedYet)
    public let project = Setting(
        "project", "huggingface", "Trackio: project.", .noEffect("there is no Trackio behind it."))
    public let trackioSpaceID = Setting<String?>("trackio_space_id", nil, "Trackio: space.", hub)
    public let trackioBucketID = Setting<String?>("trackio_bucket_id", nil, "Trackio: bucket.", hub)
    public let trackioStaticSpaceID = Setting<String?>("trackio_static_space_id", nil, "Trackio: static space.", hub)
    public let enableTorchProfiler = Setting("enable_torch_profiler", false, "Record a profile.", .notSupportedYet)
    public let profilerOutputDir = Setting<String?>("profiler_output_dir", nil, "Profile: folder.", .notSupportedYet)
    public let profilerWaitSteps = Setting("profiler_wait_steps", 1, "Profile: steps to skip.", .notSupportedYet)
    public let profilerWarmupSteps = Setting("profiler_warmup_steps", 1, "Profile: steps to warm up.", .notSupportedYet)
    public let profilerActiveSteps = Setting("profiler_active_steps", 1, "Profile: steps to record.", .notSupportedYet)
    public let profilerRepeat = Setting("profiler_repeat", 1, "Profile: repetitions.", .notSupportedYet)
    public let profilerRecordShapes = Setting(
        "profiler_record_shapes", true, "Profile: record shapes.", .notSupportedYet)
    public let profilerProfileMemory = Setting(
        "profiler_profile_memory", true, "Profile: record memory.", .notSupportedYet)
    public let profilerWithStack = Setting("profiler_with_stack", true, "Profile: record stacks.", .notSupportedYet)
    public let profileModules = Setting<[String]?>(
        "profile_modules", nil, "Profile: names of layers.", .notSupportedYet)

    // MARK: Reading of samples
    public let dataloaderNumWorkers = Setting(
        "dataloader_num_workers", 0, "Processes that prepare batches.", loader, limits: .atLeast(0))
    public let dataloaderPinMemory = Setting("dataloader_pin_memory", true, "Prepare batches in pinned memory.", loader)
    public let dataloaderPersistentWorkers = Setting(
        "dataloader_persistent_workers", false, "Keep those processes.", loader)
    public let dataloaderPrefetchFactor = Setting<Int?>(
        "dataloader_prefetch_factor", nil, "Batches that each prepares ahead.", loader)
    public let dataloaderDropLast = Setting(
        "dataloader_drop_last", false, "Leave out the last batch when it is not full.", .notSupportedYet)
    public let trainSamplingStrategy = Setting(
        "train_sampling_strategy", "random", "How samples are put in order.",
        .only(["random"], "only random order is supported; for the order of the data use `disable_shuffling`."))
    public let lengthColumnName = Setting(
        "length_column_name", "length", "Column with the samples' lengths.", .notSupportedYet)
    public let removeUnusedColumns = Setting(
        "remove_unused_columns", true, "Drop columns that the model does not take.",
        .noEffect("samples hold exactly what the model takes."))
    public let labelNames = Setting<[String]?>(
        "label_names", nil, "Names of the labels.", .noEffect("the labels are the next tokens."))
    public let ignoreDataSkip = Setting(
        "ignore_data_skip", false, "When resuming, start the epoch again.", .notSupportedYet)
    public let restoreCallbackStatesFromCheckpoint = Setting(
        "restore_callback_states_from_checkpoint", false, "When resuming, restore callbacks too.",
        .noEffect("a checkpoint holds the whole state."))

    // MARK: Several processes
    public let deepspeed = Setting<ConfigValue>(
        "deepspeed", .null, "DeepSpeed's configuration, or its file.", .notSupportedYet)
    public let fsdp = Setting<ConfigValue>("fsdp", .null, "FSDP's options.", .notSupportedYet)
    public let fsdpConfig = Setting<ConfigValue>("fsdp_config", .null, "FSDP's configuration.", .notSupportedYet)
    public let acceleratorConfig = Setting<ConfigValue>(
        "accelerator_config", .null, "Accelerate's configuration.", .notSupportedYet)
    public let parallelismConfig = Setting<ConfigValue>(
        "parallelism_config", .null, "Accelerate's parallelism.", .notSupportedYet)
    public let averageTokensAcrossDevices = Setting(
        "average_tokens_across_devices", true, "Divide the loss by the tokens of all processes.",
        .refused("the loss is always divided by the tokens of all processes."))
    public let ddpTimeout = Setting(
        "ddp_timeout", 1800, "Seconds that a process may keep the others waiting.", limits: .atLeast(1))
    public let ddpFindUnusedParameters = Setting<Bool?>(
        "ddp_find_unused_parameters", nil, "DDP: look for unused weights.",
        .noEffect("every trained weight has a gradient in every process."))
    public let ddpBucketCapMb = Setting<Int?>(
        "ddp_bucket_cap_mb", nil, "DDP: megabytes of gradients sent together (25).", limits: .atLeast(1))
    public let ddpBroadcastBuffers = Setting<Bool?>(
        "ddp_broadcast_buffers", nil, "DDP: send buffers.", .noEffect("no model has buffers that training changes."))
    public let ddpStaticGraph = Setting<Bool?>(
        "ddp_static_graph", nil, "DDP: the graph never changes.",
        .noEffect("gradients are summed after the backward pass."))
    public let ddpBackend = Setting<String?>(
        "ddp_backend", nil, "DDP: transport, gloo on the CPU and nccl on GPUs.",
        .only(["gloo", "nccl"], "gradients on the CPU travel by gloo, on GPUs by nccl."))
    public let localRank = Setting(
        "local_rank", -1, "Number of this process on its machine.", .noEffect("the launcher's environment tells it."))
    public let saveOnEachNode = Setting("save_on_each_node", false, "Save on every machine.", oneProcess)
    public let rayNumWorkers = Setting("ray_num_workers", 1, "Ray: workers.", .notSupportedYet)
    public let rayInitKwargs = Setting<ConfigValue>("ray_init_kwargs", .null, "Ray: arguments.", .notSupportedYet)
    public let masterAddr = Setting<String?>("master_addr", nil, "Address of the first machine.", .notSupportedYet)
    public let masterPort = Setting<String?>("master_port", nil, "Port of the first machine.", .notSupportedYet)
    public let enableJITCheckpoint = Setting(
        "enable_jit_checkpoint", false, "Save when the run is told to stop.",
        .noEffect("a run that is told to stop always saves."))

    // MARK: Upload
    public let pushToHub = Setting("push_to_hub", false, "Upload the result.", hub)
    public let hubToken = Setting<String?>("hub_token", nil, "Upload: key.", hub)
    public let hubPrivateRepo = Setting<Bool?>("hub_private_repo", nil, "Upload: private.", hub)
    public let hubModelID = Setting<String?>("hub_model_id", nil, "Upload: name.", hub)
    public let hubStrategy = Setting("hub_strategy", "every_save", "Upload: when.", hub)
    public let hubAlwaysPush = Setting("hub_always_push", false, "Upload: always.", hub)
    public let hubRevision = Setting<String?>("hub_revision", nil, "Upload: branch.", hub)

    // MARK: Megatron
    public let tensorModelParallelSize = Setting(
        "tensor_model_parallel_size", 1, "Megatron: tensor parallel size.", .notSupportedYet)
    public let pipelineModelParallelSize = Setting(
        "pipeline_model_parallel_size", 1, "Megatron: pipeline parallel size.", .notSupportedYet)
    public let expertModelParallelSize = Setting(
        "expert_model_parallel_size", 1, "Megatron: expert parallel size.", .notSupportedYet)
    public let contextParallelSize = Setting(
        "context_parallel_size", 1, "Megatron: context parallel size.", .notSupportedYet)
    public let virtualPipelineModelParallelSize = Setting<Int?>(
        "virtual_pipeline_model_parallel_size", nil, "Megatron: virtual pipeline stages.", .notSupportedYet)
    public let sequenceParallel = Setting(
        "sequence_parallel", false, "Megatron: sequence parallelism.", .notSupportedYet)
    public let recomputeGranularity = Setting<String?>(
        "recompute_granularity", nil, "Megatron: what is computed again.", .notSupportedYet)
    public let recomputeMethod = Setting<String?>("recompute_method", nil, "Megatron: how.", .notSupportedYet)
    public let recomputeNumLayers = Setting<Int?>(
        "recompute_num_layers", nil, "Megatron: how many layers.", .notSupportedYet)
    public let useDistributedOptimizer = Setting(
        "use_distributed_optimizer", true, "Megatron: spread the optimizer.", .notSupportedYet)
    public let mixedPrecision = Setting("mixed_precision", "bf16_mixed", "Megatron: number formats.", .notSupportedYet)
    public let exportHfOnFinish = Setting(
        "export_hf_on_finish", false, "Megatron: write a Hugging Face model at the end.", .notSupportedYet)
}
