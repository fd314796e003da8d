import Models
public import Prompting
import Torch

/// A model that is ready to answer: chat, prediction and everything else that generates go through it.
public final class InferenceSession: Sendable {
    public let settings: InferenceSettings
    /// The same encoder the model was trained with.
    public let encoder: PromptEncoder
    /// What writes the answers.
    public let engine: PagedEngine
    /// The weights, for forward passes beside the engine.
    let model: DirectModel

    /// Loads a model and merges its adapters, as LLaMA-Factory does for inference.
    ///
    /// - Parameters:
    ///   - mergesAdapters: false leaves the last adapter beside the weights.
    ///   - options: how the engine uses the machine. Without a word, a text may be as long as memory lasts, as in
    ///     LLaMA-Factory.
    ///   - log: hears what was loaded.
    public init(
        _ settings: InferenceSettings, mergesAdapters: Bool = true, options: EngineOptions? = nil,
        log: (String) -> Void = { _ in }
    ) throws {
        var plain = EngineOptions()
        plain.length = .memory
        self.settings = settings
        let parts = try ModelParts(settings)
        encoder = try PromptEncoder(settings, parts: parts)
        let device = try Device.choose(settings.device)
        try settings.quantization?.check(on: device)
        let loaded = try LoadedModel(
            settings.location, dtype: settings.compute(stored: parts.config.dtype),
            quantization: settings.quantization, mergesAdapters: mergesAdapters,
            options: options ?? plain)
        engine = loaded.engine
        model = loaded.direct
        parts.warnings.forEach(log)
        loaded.messages.forEach(log)
    }

    public var template: Template { encoder.template }
    public var tokenizer: Tokenizer { encoder.tokenizer }
    /// Tokens that end an answer.
    public var stopIDs: Set<Int32> { encoder.stopIDs }
    var vision: VisionConfig? { encoder.vision }

    /// What a conversation asks for: token ids, positions and pixels.
    ///
    /// - Parameter cutoff: tokens that prompt and expected answer may have together; nil for no limit.
    public func prompt(_ conversation: Conversation, cutoff: Int? = nil) throws -> (
        prompt: Prompt, encoded: EncodedPrompt
    ) { try encoder.encode(conversation, cutoff: cutoff) }

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
        let requests = prompts.enumerated().map { index, prompt in
            var request = encoder.request(prompt, sampling: sampling, stream: UInt64(firstStream + index))
            request.stopIDs = stopIDs ?? request.stopIDs
            return request
        }
        return try engine.complete(requests, onToken: onToken)
    }

    /// The text of an answer.
    public func text(of completion: Completion, _ sampling: SamplingSettings) -> String {
        var text = AnswerText(tokenizer, sampling: sampling)
        return completion.tokenIDs.map { text.append($0) }.joined() + text.finish()
    }

    /// Answers one conversation; `onParts` hears thought and answer as they are written and ends both by returning false.
    ///
    /// - Parameter turn: number of the answer among those that share the seed.
    public func reply(
        to conversation: Conversation, sampling: SamplingSettings, turn: Int = 0,
        onParts: @escaping @Sendable (ThoughtSplitter.Parts) -> Bool = { _ in true }
    ) throws -> (text: String, completion: Completion) {
        let prompt = try prompt(conversation).prompt
        let writer = ReplyWriter(encoder, sampling: sampling, isThinking: encoder.opensThought(prompt))
        let completion = try complete([prompt], sampling: sampling, firstStream: turn) {
            _, id in
            let parts = writer.append(id)
            return parts == .init() || onParts(parts)
        }[0]
        for rest in writer.finish() where rest != .init() { _ = onParts(rest) }
        return (text(of: completion, sampling), completion)
    }
}

/// A reply as it grows. `@unchecked`: touched by the tensor thread while it writes, by the caller afterwards.
private final class ReplyWriter: @unchecked Sendable {
    private var text: AnswerText
    private var thoughts: ThoughtSplitter?

    init(_ encoder: PromptEncoder, sampling: SamplingSettings, isThinking: Bool) {
        text = AnswerText(encoder.tokenizer, sampling: sampling)
        thoughts =
            encoder.template.isReasoning ? ThoughtSplitter(encoder.template.thoughtWords, isOpen: isThinking) : nil
    }

    func append(_ id: Int32) -> ThoughtSplitter.Parts { split(text.append(id)) }
    func finish() -> [ThoughtSplitter.Parts] { [split(text.finish()), thoughts?.finish() ?? .init()] }

    private func split(_ text: String) -> ThoughtSplitter.Parts { thoughts?.append(text) ?? .init(answer: text) }
}
