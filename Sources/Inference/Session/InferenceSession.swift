import Foundation
import Media
import Models
public import Prompting
import Torch

/// A model that is ready to answer: chat, prediction and everything else that generates go through it.
public final class InferenceSession: Sendable {
    public let settings: InferenceSettings
    public let template: Template
    public let tokenizer: Tokenizer
    /// The same encoder the model was trained with.
    public let encoder: ConversationEncoder
    let media: MediaSettings?
    let vision: VisionConfig?
    /// Tokens that end an answer.
    public let stopIDs: Set<Int32>
    private let model: LoadedModel

    /// Loads a model and merges its adapters, as LLaMA-Factory does for inference.
    ///
    /// - Parameters:
    ///   - mergesAdapters: false leaves the last adapter beside the weights.
    ///   - log: hears what was loaded.
    public init(_ settings: InferenceSettings, mergesAdapters: Bool = true, log: (String) -> Void = { _ in }) throws {
        self.settings = settings
        let parts = try ModelParts(settings)
        template = parts.template
        tokenizer = parts.tokenizer
        vision = parts.config.vision
        stopIDs = parts.stopIDs
        encoder = try ConversationEncoder(
            template: template, tokenizer: tokenizer,
            settings: EncodingSettings(cutoffLength: settings.cutoffLength, enableThinking: settings.enableThinking))
        media =
            try vision.map { _ in
                try MediaSettings(
                    modelFolder: settings.location.modelFolder, imageLimits: settings.imageLimits,
                    videoLimits: settings.videoLimits,
                    sampling: settings.videoSampling)
            }
        model = try LoadedModel(
            settings.location, dtype: settings.compute(stored: parts.config.dtype), mergesAdapters: mergesAdapters)
        parts.warnings.forEach(log)
        model.messages.forEach(log)
    }

    /// What a conversation asks for: token ids, positions and pixels.
    ///
    /// - Parameter cutoff: tokens that prompt and expected answer may have together; nil for no limit.
    public func prompt(_ conversation: Conversation, cutoff: Int? = nil) throws -> (
        prompt: Prompt, encoded: EncodedPrompt
    ) {
        let grids = try media?.grids(of: conversation) ?? .none
        let encoded = try encoder.encodePrompt(conversation, media: grids, cutoff: cutoff)
        guard let vision, let media else { return (Prompt(tokenIDs: encoded.inputIDs), encoded) }
        var images = PromptMedia(), videos = PromptMedia(), seconds: [Double] = []
        for span in encoded.mediaSpans where span.kind == .image {
            let patches = try media.image.patches(of: conversation.images[span.index], limits: media.imageLimits)
            images.grids.append(VisionGrid(time: patches.grid.t, height: patches.grid.h, width: patches.grid.w))
            images.patches += patches.values
        }
        for span in encoded.mediaSpans where span.kind == .video {
            let video = try media.video.patches(
                ofVideo: conversation.videos[span.index], sampling: media.sampling, limits: media.videoLimits)
            videos.grids.append(VisionGrid(time: video.grid.t, height: video.grid.h, width: video.grid.w))
            videos.patches += video.patches.values
            seconds.append(video.secondsPerGrid)
        }
        let prompt = try Prompt(
            tokenIDs: encoded.inputIDs, images: images, videos: videos, secondsPerGrid: seconds, config: vision)
        return (prompt, encoded)
    }

    /// Answers prompts together, in order.
    ///
    /// - Parameters:
    ///   - firstStream: number of the first prompt among all that share the seed, so that draws do not depend on batches.
    ///   - stopIDs: tokens that end an answer; nil for the session's own.
    ///   - onToken: hears the prompt's index and each token of its answer, and ends the answer by returning false.
    public func complete(
        _ prompts: [Prompt], sampling: SamplingSettings, firstStream: Int = 0, stopIDs: Set<Int32>? = nil,
        onToken: @escaping @Sendable (Int, Int32) -> Bool = { _, _ in true }
    ) throws -> [Completion] {
        let stopIDs = stopIDs ?? self.stopIDs
        let requests = prompts.enumerated().map {
            PackedEngine.Request(prompt: $1, sampling: sampling, stopIDs: stopIDs, stream: UInt64(firstStream + $0))
        }
        return try model.run { try PackedEngine($0).generate(requests, onToken: onToken) }
    }

    /// The text of an answer.
    public func text(of completion: Completion, _ sampling: SamplingSettings) -> String {
        tokenizer.decode(completion.tokenIDs, skipSpecialTokens: sampling.skipSpecialTokens)
    }

    /// Answers one conversation; `onText` hears the text as it is written and ends the answer by returning false.
    ///
    /// - Parameter turn: number of the answer among those that share the seed.
    public func reply(
        to conversation: Conversation, sampling: SamplingSettings, turn: Int = 0,
        onText: @escaping @Sendable (String) -> Bool = { _ in true }
    ) throws -> (text: String, completion: Completion) {
        let stream = TextStream(StreamingDetokenizer(tokenizer, skipSpecialTokens: sampling.skipSpecialTokens))
        let completion = try complete([try prompt(conversation).prompt], sampling: sampling, firstStream: turn) {
            _, id in
            let text = stream.append(id)
            return text.isEmpty || onText(text)
        }[0]
        let rest = stream.finish()
        if !rest.isEmpty { _ = onText(rest) }
        return (text(of: completion, sampling), completion)
    }
}

/// Text as it grows. `@unchecked`: touched by the tensor thread while it writes, by the caller afterwards.
private final class TextStream: @unchecked Sendable {
    private var detokenizer: StreamingDetokenizer
    init(_ detokenizer: StreamingDetokenizer) { self.detokenizer = detokenizer }
    func append(_ id: Int32) -> String { detokenizer.append(id) }
    func finish() -> String { detokenizer.finish() }
}
