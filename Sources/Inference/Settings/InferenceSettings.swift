public import Media
import Prompting
public import RunConfig
public import Torch

/// Everything that decides what a model answers: which model, which prompt format, which pixels, which number format.
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
        let owner = location.adapters.isEmpty ? "model" : "adapter"
        let saved = InferenceDefaults(folder: location.adapters.last ?? modelFolder)
        var picker = Picker(owner: owner)
        let data = config.data, model = config.model
        template =
            picker.pick("template", data.template, saved?.template, isGiven: data.isGiven(\.template))
            ?? Template.derivedName
        defaultSystem = picker.pick(
            "default_system", data.defaultSystem, saved?.defaultSystem, isGiven: data.isGiven(\.defaultSystem))
        // A saved null is a choice: keep what the data says.
        enableThinking =
            saved == nil
            ? data.enableThinking
            : picker.pick(
                "enable_thinking", data.enableThinking, saved?.enableThinking, isGiven: data.isGiven(\.enableThinking))
        func number<Value: Equatable & Sendable>(_ key: String, _ value: Value, _ saved: Value?, _ isGiven: Bool)
            -> Value
        {
            picker.pick(key, value, saved, isGiven: isGiven) ?? value
        }
        cutoffLength = number("cutoff_len", data.cutoffLen, saved?.cutoffLen, data.isGiven(\.cutoffLen))
        imageLimits = PixelLimits(
            minPixels: number(
                "image_min_pixels", model.imageMinPixels, saved?.imageMinPixels, model.isGiven(\.imageMinPixels)),
            maxPixels: number(
                "image_max_pixels", model.imageMaxPixels, saved?.imageMaxPixels, model.isGiven(\.imageMaxPixels)))
        videoLimits = PixelLimits(
            minPixels: number(
                "video_min_pixels", model.videoMinPixels, saved?.videoMinPixels, model.isGiven(\.videoMinPixels)),
            maxPixels: number(
                "video_max_pixels", model.videoMaxPixels, saved?.videoMaxPixels, model.isGiven(\.videoMaxPixels)))
        videoSampling = VideoSampling(
            fps: number("video_fps", model.videoFps, saved?.videoFps, model.isGiven(\.videoFps)),
            maxFrames: number("video_maxlen", model.videoMaxlen, saved?.videoMaxlen, model.isGiven(\.videoMaxlen)))
        for (name, limits) in [("image", imageLimits), ("video", videoLimits)] where limits.maxPixels < limits.minPixels
        {
            throw InferenceError(
                "\(name)_max_pixels \(limits.maxPixels) is smaller than \(name)_min_pixels \(limits.minPixels)")
        }
        dtype = model.inferDtype
        device = Device.Wish(rawValue: model.device.rawValue) ?? .auto
        quantization = try WeightQuantization(model)
        notes = config.notes + picker.notes
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

/// Chooses between what the user gave and what was saved, and notes the differences.
private struct Picker {
    let owner: String
    var notes: [String] = []

    mutating func pick<Value: Equatable>(_ key: String, _ value: Value?, _ saved: Value?, isGiven: Bool) -> Value? {
        guard isGiven else { return saved ?? value }
        if let saved, saved != value {
            notes.append("\(key): \(value.map { "\($0)" } ?? "null") (the \(owner) was trained with \(saved))")
        }
        return value
    }
}
