/// What is trained or run: the model, its numbers, its media limits.
public typealias ModelArguments = Arguments<ModelSettings>

/// The settings of `ModelArguments`, as in LLaMA-Factory's model arguments.
public struct ModelSettings: SettingDeclarations {
    public static let title = "Model"
    public static let declarations = ModelSettings()

    // MARK: Base
    public let modelNameOrPath = Setting<String?>(
        "model_name_or_path", nil, "Folder of the model to start from, or its name on a hub.")
    public let adapterNameOrPath = Setting<[String]?>(
        "adapter_name_or_path", nil, "Folders of adapters to load, comma separated; several are merged in order.")
    public let adapterFolder = Setting<String?>(
        "adapter_folder", nil, "Folder that holds the folders of `adapter_name_or_path`.")
    public let cacheDir = Setting<String?>(
        "cache_dir", nil, "Folder for downloaded models.",
        .noEffect("downloads lie where HF_HOME, HF_HUB_CACHE or MODELSCOPE_CACHE say."))
    public let useFastTokenizer = Setting(
        "use_fast_tokenizer", true, "Which tokenizer of Hugging Face to use.",
        .noEffect("there is one tokenizer, which gives the same ids."))
    public let resizeVocab = Setting(
        "resize_vocab", false, "Grow the embedding to the tokenizer's vocabulary.", .notSupportedYet)
    public let splitSpecialTokens = Setting(
        "split_special_tokens", false, "Cut special tokens in the text into ordinary ones.", .notSupportedYet)
    public let addTokens = Setting<[String]?>("add_tokens", nil, "Tokens to add, comma separated.", .notSupportedYet)
    public let addSpecialTokens = Setting<[String]?>(
        "add_special_tokens", nil, "Special tokens to add, comma separated.", .notSupportedYet)
    public let newSpecialTokensConfig = Setting<String?>(
        "new_special_tokens_config", nil, "YAML file of new special tokens with descriptions.", .notSupportedYet)
    public let initSpecialTokens = Setting(
        "init_special_tokens", SpecialTokenInit.noiseInit, "How new special tokens' embeddings start.", .notSupportedYet
    )
    public let modelRevision = Setting(
        "model_revision", "main", "Version of a model on a hub.")
    public let lowCPUMemUsage = Setting(
        "low_cpu_mem_usage", true, "Load weights without a second copy.",
        .noEffect("weights are always read by memory map."))
    public let ropeScaling = Setting<RopeScalingKind?>(
        "rope_scaling", nil, "Stretch the rotary positions to a longer context.", .notSupportedYet)
    public let device = Setting(
        "device", DeviceKind.auto,
        "Where to compute: `auto` takes the first CUDA device that can be used and else the CPU, `cuda` fails without one."
    )
    public let flashAttn = Setting(
        "flash_attn", AttentionKind.auto, "Which attention kernel of Python to use.",
        .noEffect("the kernel is chosen from the device and the shapes."))
    public let shiftAttn = Setting("shift_attn", false, "Shifted short attention (LongLoRA).", .notSupportedYet)
    public let mixtureOfDepths = Setting<MixtureOfDepths?>(
        "mixture_of_depths", nil, "Convert to or load a mixture-of-depths model.", .notSupportedYet)
    public let useUnsloth = Setting(
        "use_unsloth", false, "Use unsloth's kernels.", .noEffect("the kernels are Anneal's own."))
    public let useUnslothGc = Setting(
        "use_unsloth_gc", false, "Use unsloth's gradient checkpointing.",
        .noEffect("gradient checkpointing is Anneal's own."))
    public let enableLigerKernel = Setting(
        "enable_liger_kernel", false, "Use Liger's kernels.", .noEffect("the kernels are Anneal's own."))
    public let moeAuxLossCoef = Setting<Double?>(
        "moe_aux_loss_coef", nil, "Weight of the router's auxiliary loss.", .notSupportedYet, limits: .atLeast(0))
    public let disableGradientCheckpointing = Setting(
        "disable_gradient_checkpointing", false,
        "Keep all activations instead of computing them again: faster, more memory.")
    public let useReentrantGc = Setting(
        "use_reentrant_gc", true, "Which of PyTorch's two ways of gradient checkpointing to use.",
        .noEffect("there is one way, which gives the same gradients."))
    public let upcastLayernorm = Setting(
        "upcast_layernorm", false, "Keep normalisation weights in fp32.", .notSupportedYet)
    public let upcastLmheadOutput = Setting(
        "upcast_lmhead_output", false, "Compute the output layer's result in fp32.", .notSupportedYet)
    public let trainFromScratch = Setting(
        "train_from_scratch", false, "Start from random weights instead of the model's.")
    public let inferBackend = Setting(
        "infer_backend", InferenceBackend.huggingface, "Which engine of Python to generate with.",
        .noEffect("Anneal has one engine of its own."))
    public let offloadFolder = Setting(
        "offload_folder", "offload", "Folder for weights that do not fit in memory.",
        .noEffect("weights are never offloaded to disk."))
    public let useKVCache = Setting("use_kv_cache", true, "Keep keys and values while generating.", .notSupportedYet)
    public let useV1Kernels = Setting<Bool?>(
        "use_v1_kernels", false, "Use LLaMA-Factory v1's kernels.", .noEffect("the kernels are Anneal's own."))
    public let inferDtype = Setting(
        "infer_dtype", InferenceDtype.auto, "Number format for generation; auto takes the model's.")
    public let hfHubToken = Setting<String?>(
        "hf_hub_token", nil, "Key for Hugging Face's hub.",
        .refused("keys do not belong in files: set the environment variable HF_TOKEN."))
    public let msHubToken = Setting<String?>(
        "ms_hub_token", nil, "Key for ModelScope's hub.",
        .refused("keys do not belong in files: set the environment variable MODELSCOPE_API_TOKEN."))
    public let omHubToken = Setting<String?>(
        "om_hub_token", nil, "Key for Modelers' hub.",
        .refused("nothing is downloaded from there; remove it."))
    public let printParamStatus = Setting(
        "print_param_status", false, "Print every parameter's type, device and whether it is trained.")
    public let trustRemoteCode = Setting(
        "trust_remote_code", false, "Run Python code that comes with a model.",
        .noEffect("nothing in a model folder is ever executed."))

    // MARK: Quantization
    public let quantizationMethod = Setting(
        "quantization_method", QuantizationMethod.bnb, "How to quantize the model when it is loaded.",
        .refused("only bitsandbytes' ways of quantizing are supported; remove it, or set it to bnb."))
    public let quantizationBit = Setting<Int?>(
        "quantization_bit", nil, "Bits per weight to quantize the model to when it is loaded: 8 or 4.")
    public let quantizationType = Setting(
        "quantization_type", QuantizationType.nf4, "The 4-bit code.")
    public let doubleQuantization = Setting(
        "double_quantization", true, "Quantize the quantization's scales too.",
        .noEffect("a scale takes 16 bits here, whatever it says."))
    public let quantizationDeviceMap = Setting<String?>(
        "quantization_device_map", nil, "Where the layers of a quantized model go.", .notSupportedYet)

    // MARK: Images, video, audio
    public let imageMaxPixels = Setting(
        "image_max_pixels", 589_824, "Images with more pixels are scaled down to this many.", limits: .atLeast(1))
    public let imageMinPixels = Setting(
        "image_min_pixels", 1_024, "Images with fewer pixels are scaled up to this many.", limits: .atLeast(1))
    public let imageDoPanAndScan = Setting(
        "image_do_pan_and_scan", false, "Gemma 3's cutting of large images.", .notSupportedYet)
    public let cropToPatches = Setting(
        "crop_to_patches", false, "InternVL's cutting of large images.", .notSupportedYet)
    public let videoMaxPixels = Setting(
        "video_max_pixels", 65_536, "Frames with more pixels are scaled down to this many.", limits: .atLeast(1))
    public let videoMinPixels = Setting(
        "video_min_pixels", 256, "Frames with fewer pixels are scaled up to this many.", limits: .atLeast(1))
    public let videoFps = Setting("video_fps", 2.0, "Frames to take per second of a video.", limits: .above(0))
    public let videoMaxlen = Setting("video_maxlen", 128, "Frames to take from a video at most.", limits: .atLeast(1))
    public let useAudioInVideo = Setting(
        "use_audio_in_video", false, "Give the sound of videos to the model too.", .notSupportedYet)
    public let audioSamplingRate = Setting("audio_sampling_rate", 16_000, "Audio samples per second.", .notSupportedYet)

    // MARK: Other engines
    public let vllmMaxlen = Setting(
        "vllm_maxlen", 4096, "vLLM: longest sequence.", .noEffect("Anneal has one engine of its own."))
    public let vllmGPUUtil = Setting(
        "vllm_gpu_util", 0.7, "vLLM: share of the GPU's memory.", .noEffect("Anneal has one engine of its own."))
    public let vllmEnforceEager = Setting(
        "vllm_enforce_eager", false, "vLLM: no CUDA graphs.", .noEffect("Anneal has one engine of its own."))
    public let vllmMaxLoraRank = Setting(
        "vllm_max_lora_rank", 32, "vLLM: largest adapter rank.", .noEffect("adapters of any rank are loaded."))
    public let vllmConfig = Setting<ConfigValue>(
        "vllm_config", .null, "vLLM: further engine arguments.", .refused("there is no vLLM behind it; remove it."))
    public let sglangMaxlen = Setting(
        "sglang_maxlen", 4096, "SGLang: longest sequence.", .noEffect("Anneal has one engine of its own."))
    public let sglangMemFraction = Setting(
        "sglang_mem_fraction", 0.7, "SGLang: share of the GPU's memory.", .noEffect("Anneal has one engine of its own.")
    )
    public let sglangTpSize = Setting(
        "sglang_tp_size", -1, "SGLang: GPUs to spread the model over.", .noEffect("Anneal has one engine of its own."))
    public let sglangConfig = Setting<ConfigValue>(
        "sglang_config", .null, "SGLang: further engine arguments.",
        .refused("there is no SGLang behind it; remove it."))
    public let sglangLoraBackend = Setting(
        "sglang_lora_backend", "triton", "SGLang: kernels for adapters.", .noEffect("Anneal has one engine of its own.")
    )
    public let useKt = Setting("use_kt", false, "Train with KTransformers.", .notSupportedYet)
    public let ktWeightPath = Setting<String?>(
        "kt_weight_path", nil, "KTransformers: quantized expert weights.", .notSupportedYet)
    public let ktCPUActivation = Setting<String?>(
        "kt_cpu_activation", nil, "KTransformers: activation format on the CPU.", .notSupportedYet)
    public let ktNonExpertWeightPath = Setting<String?>(
        "kt_non_expert_weight_path", nil, "KTransformers: the other weights.", .notSupportedYet)
    public let ktExpertCheckpointPath = Setting<String?>(
        "kt_expert_checkpoint_path", nil, "KTransformers: expert weights.", .notSupportedYet)
    public let ktUseLoraExperts = Setting<Bool?>(
        "kt_use_lora_experts", nil, "KTransformers: adapters on the GPU.", .notSupportedYet)
    public let ktLoraExpertNum = Setting<Int?>(
        "kt_lora_expert_num", nil, "KTransformers: number of adapter experts.", .notSupportedYet)
    public let ktLoraExpertIntermediateSize = Setting<Int?>(
        "kt_lora_expert_intermediate_size", nil, "KTransformers: width of adapter experts.", .notSupportedYet)
}
