import Media
public import Models
public import Prompting

/// The part of a model that needs no weights: conversations and texts become prompts here, for every entry point.
public struct PromptEncoder: Sendable {
    /// What one request may set otherwise than the model's settings.
    public struct Options: Sendable, Equatable {
        /// Nil keeps the model's.
        public var enableThinking: Bool?
        /// Least and most pixels of an image, for LLaMA-Factory's limits and the model's processor alike.
        public var minImagePixels: Int?
        public var maxImagePixels: Int?

        public init() {}
    }

    public let template: Template
    public let tokenizer: Tokenizer
    /// Tokens that end an answer.
    public let stopIDs: Set<Int32>
    /// Rows of the output layer: ids a sampler may give.
    public let vocabularySize: Int
    let settings: EncodingSettings
    private let media: MediaSettings?
    let vision: VisionConfig?

    /// Reads tokenizer, template and processor of a model folder, without its weights.
    public init(_ settings: InferenceSettings) throws {
        try self.init(settings, parts: ModelParts(settings))
    }

    /// - Parameter parts: what was read of the settings' model folder.
    init(_ settings: InferenceSettings, parts: ModelParts) throws {
        self.init(
            template: parts.template, tokenizer: parts.tokenizer, stopIDs: parts.stopIDs,
            vocabularySize: parts.config.text.vocabularySize,
            settings: EncodingSettings(cutoffLength: settings.cutoffLength, enableThinking: settings.enableThinking),
            media: try parts.config.vision.map { _ in
                try MediaSettings(
                    modelFolder: settings.location.modelFolder, imageLimits: settings.imageLimits,
                    videoLimits: settings.videoLimits, sampling: settings.videoSampling)
            }, vision: parts.config.vision)
    }

    /// - Parameters:
    ///   - tokenizer: one that fits the template.
    ///   - media: how pixels become patches; nil for a model of texts.
    public init(
        template: Template, tokenizer: Tokenizer, stopIDs: Set<Int32>, vocabularySize: Int,
        settings: EncodingSettings = EncodingSettings(), media: MediaSettings? = nil, vision: VisionConfig? = nil
    ) {
        self.template = template
        self.tokenizer = tokenizer
        self.stopIDs = stopIDs
        self.vocabularySize = vocabularySize
        self.settings = settings
        self.media = media
        self.vision = vision
    }

    /// Whether the model takes images.
    public var takesMedia: Bool { vision != nil && template.media != nil }

    /// Whether answers may hold a thought.
    public func thinks(_ options: Options) -> Bool {
        template.isReasoning && (options.enableThinking ?? settings.enableThinking) == true
    }

    /// What a conversation asks for: token ids, positions and pixels. Decoding pixels takes processor time.
    ///
    /// - Parameter continued: the beginning of the answer, which the model goes on with; nil for an answer of its own.
    public func prompt(
        _ conversation: Conversation, options: Options = Options(), continuing continued: String? = nil
    ) throws -> Prompt { try encode(conversation, options: options, continuing: continued).prompt }

    /// The same with what it was made of.
    ///
    /// - Parameter cutoff: tokens that prompt and expected answer may have together; nil for no limit.
    public func encode(
        _ conversation: Conversation, options: Options = Options(), continuing continued: String? = nil,
        cutoff: Int? = nil
    ) throws -> (prompt: Prompt, encoded: EncodedPrompt) {
        var settings = settings
        settings.enableThinking = options.enableThinking ?? settings.enableThinking
        let encoder = try ConversationEncoder(template: template, tokenizer: tokenizer, settings: settings)
        var conversation = conversation
        if let continued { conversation.messages.append(Message(.assistant, continued)) }
        let media = media.map { media in
            var media = media
            if let least = options.minImagePixels {
                media.imageLimits.minPixels = least
                media.image.minPixels = least
                media.imageLimits.maxPixels = max(least, media.imageLimits.maxPixels)
                media.image.maxPixels = max(least, media.image.maxPixels)
            }
            if let most = options.maxImagePixels {
                media.imageLimits.maxPixels = most
                media.image.maxPixels = most
                media.imageLimits.minPixels = min(most, media.imageLimits.minPixels)
                media.image.minPixels = min(most, media.image.minPixels)
            }
            return media
        }
        let encoded = try encoder.encodePrompt(
            conversation, media: try media?.grids(of: conversation) ?? .none, cutoff: cutoff)
        let ids = encoded.inputIDs + (continued.map { tokenizer.encode($0, splitSpecialTokens: true) } ?? [])
        guard let vision, let media else { return (Prompt(tokenIDs: ids), encoded) }
        var images = PromptMedia(), videos = PromptMedia(), seconds: [Double] = []
        for span in encoded.mediaSpans where span.kind == .image {
            let patches = try media.image.patches(of: conversation.images[span.index], limits: media.imageLimits)
            images.grids.append(patches.grid)
            images.patches += patches.values
        }
        for span in encoded.mediaSpans where span.kind == .video {
            let video = try media.video.patches(
                ofVideo: conversation.videos[span.index], sampling: media.sampling, limits: media.videoLimits)
            videos.grids.append(video.grid)
            videos.patches += video.patches.values
            seconds.append(video.secondsPerGrid)
        }
        let prompt = try Prompt(
            tokenIDs: ids, images: images, videos: videos, secondsPerGrid: seconds, config: vision)
        return (prompt, encoded)
    }

    /// A text as it stands, with the control tokens in it.
    ///
    /// - Parameter addsSpecial: whether what the model begins every text with comes first.
    public func prompt(text: String, addsSpecial: Bool = true) -> Prompt {
        prompt(
            tokenIDs: (addsSpecial && tokenizer.addsBOS ? tokenizer.bosID.map { [$0] } ?? [] : [])
                + tokenizer.encode(text))
    }

    /// Tokens as they are.
    public func prompt(tokenIDs: [Int32]) -> Prompt { Prompt(tokenIDs: tokenIDs) }
}
