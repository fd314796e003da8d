/// How the embeddings of new special tokens start.
public enum SpecialTokenInit: String, SettingChoice {
    case noiseInit = "noise_init"
    case descInit = "desc_init"
    case descInitWithNoise = "desc_init_w_noise"
}

/// How rotary positions are stretched.
public enum RopeScalingKind: String, SettingChoice { case linear, dynamic, yarn, llama3 }

/// LLaMA-Factory's names of attention kernels.
public enum AttentionKind: String, SettingChoice { case auto, disabled, sdpa, fa2, fa3 }

/// What to do about mixture of depths.
public enum MixtureOfDepths: String, SettingChoice { case convert, load }

/// LLaMA-Factory's names of generation engines.
public enum InferenceBackend: String, SettingChoice { case huggingface, vllm, sglang }

/// The number format of generation.
public enum InferenceDtype: String, SettingChoice { case auto, float16, bfloat16, float32 }

/// Where to compute: CUDA when it can be used, the CPU, or CUDA without a way back.
public enum DeviceKind: String, SettingChoice { case auto, cpu, cuda }

/// Where a model is merged.
public enum ExportDevice: String, SettingChoice { case cpu, auto }

/// How weights are quantized when they are loaded.
public enum QuantizationMethod: String, SettingChoice { case bnb, gptq, awq, aqlm, quanto, eetq, hqq, mxfp4, fp8 }

/// The code of 4-bit weights.
public enum QuantizationType: String, SettingChoice { case fp4, nf4 }

/// How several data sets become one.
public enum MixStrategy: String, SettingChoice {
    case concat
    case interleaveUnder = "interleave_under"
    case interleaveOver = "interleave_over"
    case interleaveOnce = "interleave_once"
}

/// What a run trains for.
public enum Stage: String, SettingChoice { case pt, sft, rm, ppo, dpo, kto, grpo, gkd }

/// Which weights a run trains.
public enum FinetuningType: String, SettingChoice { case lora, oft, freeze, full }

/// The loss of preference training.
public enum PreferenceLoss: String, SettingChoice {
    case sigmoid, hinge, ipo
    case ktoPair = "kto_pair"
    case orpo, simpo, robust
    case exoPair = "exo_pair"
    case ncaPair = "nca_pair"
    case apoZero = "apo_zero"
    case apoDown = "apo_down"

    /// Whether the loss compares the model with a reference.
    public var usesReference: Bool { self != .orpo && self != .simpo }
}

/// What a reward model is.
public enum RewardModelType: String, SettingChoice { case lora, full, api }

/// When something happens: never, every so many steps, or at the end of each epoch.
public enum IntervalStrategy: String, SettingChoice { case no, steps, epoch }

/// When a checkpoint is written.
public enum SaveStrategy: String, SettingChoice { case no, steps, epoch, best }

/// How the learning rate changes over a run; the names are those of transformers.
public enum SchedulerType: String, SettingChoice {
    case linear, cosine
    case cosineWithRestarts = "cosine_with_restarts"
    case polynomial, constant
    case constantWithWarmup = "constant_with_warmup"
    case inverseSqrt = "inverse_sqrt"
    case reduceLROnPlateau = "reduce_lr_on_plateau"
    case cosineWithMinLR = "cosine_with_min_lr"
    case cosineWarmupWithMinLR = "cosine_warmup_with_min_lr"
    case warmupStableDecay = "warmup_stable_decay"
    case greedy
}

/// The language of a benchmark.
public enum BenchmarkLanguage: String, SettingChoice { case en, zh }

/// Where a run starts again.
public enum ResumePoint: SettingValue {
    /// The newest complete checkpoint of the output folder (`true`).
    case latest
    /// From the beginning, whatever the output folder holds (`false`).
    case none
    /// A checkpoint's folder.
    case path(String)

    public static let expectation = "a checkpoint's folder, true for the newest, or false"
    public init?(configValue: ConfigValue) {
        guard case .scalar(let text, _) = configValue else { return nil }
        switch text.lowercased() {
        case "true": self = .latest
        case "false": self = .none
        default: self = .path(text)
        }
    }
    public var configText: String {
        switch self {
        case .latest: "true"
        case .none: "false"
        case .path(let path): path
        }
    }
}

/// Which tokens are counted in the log.
public enum InputTokenCount: String, SettingChoice {
    case no, all
    case nonPadding = "non_padding"

    public init?(configValue: ConfigValue) {
        switch configValue.string?.lowercased() {
        case "true", "yes", "all": self = .all
        case "false", "no": self = .no
        case "non_padding": self = .nonPadding
        default: return nil
        }
    }
}
