/// How the model is tuned: stage, method and what belongs to each.
public typealias TuningArguments = Arguments<TuningSettings>

/// The settings of `TuningArguments`, as in LLaMA-Factory's finetuning arguments.
public struct TuningSettings: SettingDeclarations {
    public static let title = "Fine-tuning"
    public static let declarations = TuningSettings()

    // MARK: Main
    public let stage = Setting(
        "stage", Stage.sft, "What the run trains for (`rlhf_type` in ms-swift).", otherName: "rlhf_type")
    public let finetuningType = Setting(
        "finetuning_type", FinetuningType.lora, "Which weights are trained.",
        .only(["lora", "full"], "only lora and full are supported yet."))
    public let pureBf16 = Setting("pure_bf16", false, "Keep trained weights in bf16 too.", .notSupportedYet)
    public let plotLoss = Setting("plot_loss", false, "Draw the loss curves into the output folder.")
    public let computeAccuracy = Setting(
        "compute_accuracy", false, "Evaluate the accuracy of tokens too.", .notSupportedYet)
    public let disableShuffling = Setting("disable_shuffling", false, "Train in the order of the data.")
    public let earlyStoppingSteps = Setting<Int?>(
        "early_stopping_steps", nil, "Stop after this many evaluations without improvement.", limits: .atLeast(1))
    public let includeEffectiveTokensPerSecond = Setting(
        "include_effective_tokens_per_second", false, "Log the tokens per second without padding.", .notSupportedYet)
    public let freezeVisionTower = Setting("freeze_vision_tower", true, "Leave the vision encoder as it is.")
    public let freezeMultiModalProjector = Setting(
        "freeze_multi_modal_projector", true, "Leave the layer between vision and language as it is.")
    public let freezeLanguageModel = Setting("freeze_language_model", false, "Leave the language model as it is.")
    public let useLlamaPro = Setting("use_llama_pro", false, "Train added blocks only.", .notSupportedYet)
    public let useAdamMini = Setting("use_adam_mini", false, "Use the Adam-mini optimizer.", .notSupportedYet)
    public let useMuon = Setting("use_muon", false, "Use the Muon optimizer.", .notSupportedYet)
    public let useDftLoss = Setting("use_dft_loss", false, "Use the DFT loss.", .notSupportedYet)
    public let useAsftLoss = Setting("use_asft_loss", false, "Use the ASFT loss.", .notSupportedYet)
    public let asftAlpha = Setting("asft_alpha", 0.1, "ASFT: strength.", .notSupportedYet)
    public let useEaftLoss = Setting("use_eaft_loss", false, "Use the EAFT loss.", .notSupportedYet)
    public let eaftAlpha = Setting("eaft_alpha", 1.0, "EAFT: strength.", .notSupportedYet)
    public let useMca = Setting("use_mca", false, "Train with Megatron's core.", .notSupportedYet)
    public let useMegatronBridge = Setting(
        "use_megatron_bridge", false, "Train with Megatron Bridge.", .notSupportedYet)
    public let useHyperParallel = Setting("use_hyper_parallel", false, "Train with HyperParallel.", .notSupportedYet)
    public let hyperParallelArgs = Setting<String?>(
        "hyper_parallel_args", nil, "HyperParallel: its JSON file.", .notSupportedYet)
    public let hyperParallelCpSize = Setting(
        "hyper_parallel_cp_size", 1, "HyperParallel: context-parallel size.", .notSupportedYet)

    // MARK: LoRA
    public let loraRank = Setting("lora_rank", 8, "Rank of the adapter.", limits: .atLeast(1))
    public let loraTarget = Setting(
        "lora_target", ["all"], "Names of the layers that get adapters, comma separated; all for every linear layer.")
    public let loraAlpha = Setting<Int?>(
        "lora_alpha", nil, "Strength of the adapter, twice the rank when not given.", limits: .atLeast(0))
    public let loraDropout = Setting(
        "lora_dropout", 0.0, "Part of the adapter's input that is dropped in training.", limits: .fraction)
    public let additionalTarget = Setting<[String]?>(
        "additional_target", nil, "Names of layers that are trained whole and saved with the adapter.", .notSupportedYet
    )
    public let loraplusLRRatio = Setting<Double?>(
        "loraplus_lr_ratio", nil, "LoRA+: learning rate of B over that of A.", .notSupportedYet)
    public let loraplusLREmbedding = Setting(
        "loraplus_lr_embedding", 1e-6, "LoRA+: learning rate of embedding adapters.", .notSupportedYet)
    public let useRslora = Setting("use_rslora", false, "Scale by the root of the rank.", .notSupportedYet)
    public let useDora = Setting("use_dora", false, "Train magnitudes apart from directions (DoRA).", .notSupportedYet)
    public let pissaInit = Setting(
        "pissa_init", false, "Start the adapter from the principal components.", .notSupportedYet)
    public let pissaIter = Setting(
        "pissa_iter", 16, "PiSSA: steps of the fast decomposition; -1 for the exact one.", .notSupportedYet)
    public let pissaConvert = Setting(
        "pissa_convert", false, "PiSSA: write an ordinary adapter at the end.", .notSupportedYet)
    public let createNewAdapter = Setting("create_new_adapter", false, "Merge the given adapters and train a new one.")

    // MARK: OFT
    public let moduleDropout = Setting(
        "module_dropout", 0.0, "OFT: part of the blocks that is dropped in training.", .notSupportedYet,
        limits: .fraction)
    public let oftRank = Setting("oft_rank", 0, "OFT: number of blocks.", .notSupportedYet)
    public let oftBlockSize = Setting("oft_block_size", 32, "OFT: size of a block.", .notSupportedYet)
    public let oftTarget = Setting("oft_target", ["all"], "OFT: names of the layers.", .notSupportedYet)

    // MARK: Freeze
    public let freezeTrainableLayers = Setting(
        "freeze_trainable_layers", 2, "Freeze: train the last n layers, the first n when negative.", .notSupportedYet)
    public let freezeTrainableModules = Setting(
        "freeze_trainable_modules", ["all"], "Freeze: names of the parts of a layer that are trained.", .notSupportedYet
    )
    public let freezeExtraModules = Setting<[String]?>(
        "freeze_extra_modules", nil, "Freeze: names of parts outside the layers that are trained.", .notSupportedYet)

    // MARK: Preferences and rewards
    public let prefBeta = Setting("pref_beta", 0.1, "How close to the reference the model stays.")
    public let prefFtx = Setting(
        "pref_ftx", 0.0, "Weight of the supervised loss beside the preference loss.")
    public let prefBcoWeight = Setting("pref_bco_weight", 0.0, "Weight of the BCO loss.")
    public let prefLoss = Setting("pref_loss", PreferenceLoss.sigmoid, "The preference loss.")
    public let dpoLabelSmoothing = Setting(
        "dpo_label_smoothing", 0.0, "Part of the labels taken as wrong.", limits: .within(0...0.5))
    public let simpoGamma = Setting("simpo_gamma", 0.5, "SimPO: margin.")
    public let ldAlpha = Setting<Double?>(
        "ld_alpha", nil, "LD-DPO: weight of the longer answer's surplus.")
    public let ktoChosenWeight = Setting("kto_chosen_weight", 1.0, "KTO: weight of good answers.")
    public let ktoRejectedWeight = Setting("kto_rejected_weight", 1.0, "KTO: weight of bad answers.")
    public let ppoBufferSize = Setting(
        "ppo_buffer_size", 1, "PPO: updates that the answers of a step are enough for.", limits: .atLeast(1))
    public let ppoEpochs = Setting("ppo_epochs", 4, "PPO: passes over the answers of a step.", limits: .atLeast(1))
    public let ppoScoreNorm = Setting(
        "ppo_score_norm", false, "PPO: scores get mean 0 and deviation 1 over the run.")
    public let ppoTarget = Setting(
        "ppo_target", 6.0, "PPO: divergence of an answer from the reference to aim at, in nats.", limits: .above(0))
    public let ppoWhitenRewards = Setting(
        "ppo_whiten_rewards", false, "PPO: rewards of a step's tokens get deviation 1.")
    public let ppoInitKLCoef = Setting(
        "ppo_init_kl_coef", 0.2, "PPO: weight of the divergence in the reward, at the start where it is adapted.",
        limits: .atLeast(0))
    public let ppoAdaptiveKL = Setting(
        "ppo_adaptive_kl", true, "PPO: steer that weight so that the divergence nears `ppo_target`.")
    public let ppoHorizon = Setting(
        "ppo_horizon", 10_000.0, "PPO: answers over which the weight is steered.", limits: .above(0))
    public let ppoGamma = Setting("ppo_gamma", 1.0, "PPO: discount of later rewards.", limits: .within(0...1))
    public let ppoLam = Setting("ppo_lam", 0.95, "PPO: λ of the advantage estimate.", limits: .within(0...1))
    public let ppoClipRange = Setting(
        "ppo_cliprange", 0.2, "PPO: how far probabilities may move before they are clipped.", limits: .above(0))
    public let ppoCliprangeValue = Setting(
        "ppo_cliprange_value", 0.2, "PPO: how far values may move before they are clipped.", limits: .above(0))
    public let ppoVfCoef = Setting(
        "ppo_vf_coef", 0.1, "PPO: weight of the values' loss.", limits: .atLeast(0))
    public let refModel = Setting<String?>("ref_model", nil, "Folder of the reference model.")
    public let refModelAdapters = Setting<String?>(
        "ref_model_adapters", nil,
        "Folder of the reference model's adapter; of the trained model's base without a `ref_model`.")
    public let refModelQuantizationBit = Setting<Int?>(
        "ref_model_quantization_bit", nil, "Bits per weight of the reference model: 8 or 4.")
    public let rewardModel = Setting<String?>(
        "reward_model", nil, "PPO: folder of the reward model or adapter, or the address of an endpoint that scores.")
    public let rewardModelAdapters = Setting<String?>(
        "reward_model_adapters", nil, "PPO: folder of the reward model's adapter, with `reward_model_type: full`.")
    public let rewardModelQuantizationBit = Setting<Int?>(
        "reward_model_quantization_bit", nil, "Bits per weight of the reward model: 8 or 4.")
    public let rewardModelType = Setting(
        "reward_model_type", RewardModelType.lora,
        "PPO: whether `reward_model` is an adapter with a value head, a model, or an endpoint.")

    // MARK: Distillation
    public let teacherModel = Setting<String?>("teacher_model", nil, "GKD: folder of the model to learn from.")
    public let teacherModelAdapters = Setting<String?>(
        "teacher_model_adapters", nil, "GKD: folder of the teacher's adapter.")
    public let gkdBeta = Setting(
        "gkd_beta", 0.5, "GKD: 0 for the forward, 1 for the reverse divergence from the teacher, or between.",
        limits: .within(0...1))
    public let gkdTemperature = Setting(
        "gkd_temperature", 1.0, "GKD: logits of both models are divided by it in the loss.", limits: .above(0))
    public let lmbda = Setting(
        "lmbda", 0.5, "GKD: part of the batches whose answers the student writes.", limits: .within(0...1))
    public let seqKD = Setting("seq_kd", false, "GKD: the teacher writes the other answers too.")

    // MARK: Memory-saving optimizers
    public let useGalore = Setting("use_galore", false, "Use GaLore.", .notSupportedYet)
    public let galoreTarget = Setting("galore_target", ["all"], "GaLore: names of the layers.", .notSupportedYet)
    public let galoreRank = Setting("galore_rank", 16, "GaLore: rank.", .notSupportedYet)
    public let galoreUpdateInterval = Setting(
        "galore_update_interval", 200, "GaLore: steps between projections.", .notSupportedYet)
    public let galoreScale = Setting("galore_scale", 2.0, "GaLore: scale.", .notSupportedYet)
    public let galoreProjType = Setting("galore_proj_type", "std", "GaLore: projection.", .notSupportedYet)
    public let galoreLayerwise = Setting("galore_layerwise", false, "GaLore: update layer by layer.", .notSupportedYet)
    public let useApollo = Setting("use_apollo", false, "Use APOLLO.", .notSupportedYet)
    public let apolloTarget = Setting("apollo_target", ["all"], "APOLLO: names of the layers.", .notSupportedYet)
    public let apolloRank = Setting("apollo_rank", 16, "APOLLO: rank.", .notSupportedYet)
    public let apolloUpdateInterval = Setting(
        "apollo_update_interval", 200, "APOLLO: steps between projections.", .notSupportedYet)
    public let apolloScale = Setting("apollo_scale", 32.0, "APOLLO: scale.", .notSupportedYet)
    public let apolloProj = Setting("apollo_proj", "random", "APOLLO: svd or random.", .notSupportedYet)
    public let apolloProjType = Setting("apollo_proj_type", "std", "APOLLO: projection.", .notSupportedYet)
    public let apolloScaleType = Setting("apollo_scale_type", "channel", "APOLLO: what is scaled.", .notSupportedYet)
    public let apolloLayerwise = Setting("apollo_layerwise", false, "APOLLO: update layer by layer.", .notSupportedYet)
    public let apolloScaleFront = Setting(
        "apollo_scale_front", false, "APOLLO: limit growth before scaling.", .notSupportedYet)
    public let useBadam = Setting("use_badam", false, "Use BAdam.", .notSupportedYet)
    public let badamMode = Setting("badam_mode", "layer", "BAdam: layer or ratio.", .notSupportedYet)
    public let badamStartBlock = Setting<Int?>("badam_start_block", nil, "BAdam: first block.", .notSupportedYet)
    public let badamSwitchMode = Setting<String?>(
        "badam_switch_mode", "ascending", "BAdam: order of the blocks.", .notSupportedYet)
    public let badamSwitchInterval = Setting<Int?>(
        "badam_switch_interval", 50, "BAdam: steps per block.", .notSupportedYet)
    public let badamUpdateRatio = Setting("badam_update_ratio", 0.05, "BAdam: part that is updated.", .notSupportedYet)
    public let badamMaskMode = Setting("badam_mask_mode", "adjacent", "BAdam: which part that is.", .notSupportedYet)
    public let badamVerbose = Setting("badam_verbose", 0, "BAdam: how much to print.", .notSupportedYet)

    // MARK: SwanLab
    public let useSwanlab = Setting("use_swanlab", false, "Send the curves to SwanLab.", .notSupportedYet)
    public let swanlabProject = Setting<String?>(
        "swanlab_project", "llamafactory", "SwanLab: project.", .notSupportedYet)
    public let swanlabWorkspace = Setting<String?>("swanlab_workspace", nil, "SwanLab: workspace.", .notSupportedYet)
    public let swanlabRunName = Setting<String?>("swanlab_run_name", nil, "SwanLab: name of the run.", .notSupportedYet)
    public let swanlabMode = Setting("swanlab_mode", "cloud", "SwanLab: cloud or local.", .notSupportedYet)
    public let swanlabAPIKey = Setting<String?>("swanlab_api_key", nil, "SwanLab: key.", .notSupportedYet)
    public let swanlabLogdir = Setting<String?>("swanlab_logdir", nil, "SwanLab: folder.", .notSupportedYet)
    public let swanlabLarkWebhookURL = Setting<String?>(
        "swanlab_lark_webhook_url", nil, "SwanLab: Lark webhook.", .notSupportedYet)
    public let swanlabLarkSecret = Setting<String?>(
        "swanlab_lark_secret", nil, "SwanLab: Lark secret.", .notSupportedYet)
}
