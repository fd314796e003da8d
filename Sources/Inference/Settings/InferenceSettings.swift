public import Media
import Prompting
public import RunConfig
public import Torch

/// Everything that decides what a model answers: which model, which prompt format, which pixels, which number format, how
/// tokens are chosen.
///
/// What the user does not give comes from the settings the model was trained with, which lie beside the adapter (or the
/// exported model) as `anneal.json`; `notes` says in one line each where the user overrides one of them.
public struct InferenceSettings: Sendable {
    public var location: ModelLocation
    /// LLaMA-Factory's name of the template; `Template.derivedName` where it is the model's own chat template.
    public var template: String
    /// System text of conversations that bring none; nil keeps the template's.
    public var defaultSystem: String?
    public var enableThinking: Bool?
    /// Tokens of prompt and expected answer in a prediction.
    public var cutoffLength: Int
    public var imageLimits: PixelLimits
    public var videoLimits: PixelLimits
    public var videoSampling: VideoSampling
    /// How tokens are chosen where nobody says otherwise.
    public var sampling: SamplingSettings
    public var dtype: InferenceDtype
    /// Where to compute.
    public var device: Device.Wish
    /// Weights in fewer bits; nil leaves them as they are.
    public var quantization: WeightQuantization?
    /// What the user should see.
    public var notes: [String]

    /// - Throws: when the model is not named or the limits of pixels contradict each other.
    public init(_ config: RunConfig) throws {
        guard let modelFolder = config.model.modelNameOrPath else {
            throw InferenceError("model_name_or_path is missing")
        }
        guard !ModelLocation.isAdapter(modelFolder) else {
            throw InferenceError(
                "model_name_or_path \(modelFolder) is an adapter: name its base model there, and put the adapter into adapter_name_or_path"
            )
        }
        let adapters = config.model.adapterNameOrPath ?? []
        location = ModelLocation(
            modelFolder: modelFolder,
            adapters: config.model.adapterFolder.map { folder in adapters.map { "\(folder)/\($0)" } } ?? adapters)
        let saved = InferenceDefaults(folder: location.adapters.last ?? modelFolder)
        var recall = Recall(owner: location.adapters.isEmpty ? "model" : "adapter")
        var data = config.data, model = config.model, generation = config.generation
        recall(saved?.template, \.template, in: &data)
        recall(saved?.defaultSystem, \.defaultSystem, in: &data)
        recall(saved?.enableThinking, \.enableThinking, in: &data)
        recall(saved?.cutoffLen, \.cutoffLen, in: &data)
        recall(saved?.imageMinPixels, \.imageMinPixels, in: &model)
        recall(saved?.imageMaxPixels, \.imageMaxPixels, in: &model)
        recall(saved?.videoMinPixels, \.videoMinPixels, in: &model)
        recall(saved?.videoMaxPixels, \.videoMaxPixels, in: &model)
        recall(saved?.videoFps, \.videoFps, in: &model)
        recall(saved?.videoMaxlen, \.videoMaxlen, in: &model)
        recall(saved?.doSample, \.doSample, in: &generation)
        recall(saved?.temperature, \.temperature, in: &generation)
        recall(saved?.topP, \.topP, in: &generation)
        recall(saved?.topK, \.topK, in: &generation)
        recall(saved?.repetitionPenalty, \.repetitionPenalty, in: &generation)
        recall(saved?.maxNewTokens, \.maxNewTokens, in: &generation)
        recall(saved?.maxLength, \.maxLength, in: &generation)
        recall(saved?.skipSpecialTokens, \.skipSpecialTokens, in: &generation)
        recall(saved?.thinkingBudget, \.thinkingBudget, in: &generation)
        recall(saved?.loopGuard, \.loopGuard, in: &generation)
        template = data.template ?? Template.derivedName
        defaultSystem = data.defaultSystem
        enableThinking = data.enableThinking
        cutoffLength = data.cutoffLen
        imageLimits = PixelLimits(minPixels: model.imageMinPixels, maxPixels: model.imageMaxPixels)
        videoLimits = PixelLimits(minPixels: model.videoMinPixels, maxPixels: model.videoMaxPixels)
        videoSampling = VideoSampling(fps: model.videoFps, maxFrames: model.videoMaxlen)
        sampling = SamplingSettings(generation, seed: UInt64(bitPattern: Int64(config.training.seed)))
        for (name, limits) in [("image", imageLimits), ("video", videoLimits)] where limits.maxPixels < limits.minPixels
        {
            throw InferenceError(
                "\(name)_max_pixels \(limits.maxPixels) is smaller than \(name)_min_pixels \(limits.minPixels)")
        }
        dtype = model.inferDtype
        device = Device.Wish(rawValue: model.device.rawValue) ?? .auto
        quantization = try WeightQuantization(model)
        notes = config.notes + recall.notes
        // A training file names the model it starts from; what it made lies in output_dir.
        if location.adapters.isEmpty, config.training.isGiven(\.outputDir),
            ModelLocation.isAdapter(config.training.outputDir)
        {
            let output = config.training.outputDir
            notes.append("\(output) holds an adapter that is not used: add adapter_name_or_path=\(output) to use it")
        }
    }

    /// The number format to compute in, for weights stored in `stored`.
    ///
    /// - Throws: for float16, which the CPU's kernels do not compute in.
    public func compute(stored: DType) throws -> DType {
        switch dtype {
        case .auto: return stored == .bfloat16 ? .bfloat16 : .float32
        case .bfloat16: return .bfloat16
        case .float32: return .float32
        case .float16:
            throw InferenceError("infer_dtype float16 is not supported on the CPU; use auto, bfloat16 or float32")
        }
    }

    /// The settings as they are recorded beside a model.
    func defaults(isVision: Bool) -> InferenceDefaults {
        var defaults = InferenceDefaults()
        defaults.template = template
        defaults.defaultSystem = defaultSystem
        defaults.enableThinking = enableThinking
        defaults.cutoffLen = cutoffLength
        defaults.doSample = sampling.samples
        defaults.temperature = sampling.temperature
        defaults.topP = sampling.topP
        defaults.topK = sampling.topK
        defaults.repetitionPenalty = sampling.repetitionPenalty
        defaults.maxNewTokens = sampling.maxNewTokens ?? 0
        defaults.maxLength = sampling.maxLength
        defaults.skipSpecialTokens = sampling.skipSpecialTokens
        defaults.thinkingBudget = sampling.thinkingBudget
        defaults.loopGuard = sampling.stopsThoughtLoops
        guard isVision else { return defaults }
        defaults.imageMaxPixels = imageLimits.maxPixels
        defaults.imageMinPixels = imageLimits.minPixels
        defaults.videoMaxPixels = videoLimits.maxPixels
        defaults.videoMinPixels = videoLimits.minPixels
        defaults.videoFps = videoSampling.fps
        defaults.videoMaxlen = videoSampling.maxFrames
        return defaults
    }
}

/// Puts what was saved where the user gave nothing, and notes where the user gave something else.
private struct Recall {
    let owner: String
    var notes: [String] = []

    mutating func callAsFunction<Settings, Value>(
        _ saved: Value?, _ setting: KeyPath<Settings, Setting<Value>>, in arguments: inout Arguments<Settings>
    ) {
        guard let saved else { return }
        guard arguments.isGiven(setting) else {
            arguments[dynamicMember: setting] = saved
            return
        }
        let value = arguments[dynamicMember: setting]
        guard value != saved else { return }
        let key = Settings.declarations[keyPath: setting].key
        notes.append("\(key): \(value.configText) (the \(owner) records \(saved.configText))")
    }

    /// A setting that may be absent; nil was not saved.
    mutating func callAsFunction<Settings, Value: SettingValue>(
        _ saved: Value?, _ setting: KeyPath<Settings, Setting<Value?>>, in arguments: inout Arguments<Settings>
    ) {
        if let saved { self(.some(.some(saved)), setting, in: &arguments) }
    }
}
