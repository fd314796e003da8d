import Foundation
import Inference
import JSON
import Media
import Prompting

extension API {
    /// POST /v1/chat/completions.
    func chat(_ body: JSONValue) async throws -> Reply {
        let fields = try Fields(body)
        let (name, adapter) = try model(fields)
        let sampling = try SamplingFields(fields, defaults: defaults, encoder: encoder, settings: settings)
        let tools = try ToolFields(fields)
        let options = try ChatOptions(fields, settings: settings)
        let numTop = try fields.int("top_logprobs", 0...settings.maxLogprobs)
        let reportsTokens = try fields.bool("logprobs") ?? false
        if numTop ?? 0 > 0, !reportsTokens { throw fields.invalid("top_logprobs", "needs logprobs: true") }
        let spec = try ConstraintSpec(fields)
        let olderLimit = try fields.int("max_tokens", 1...SamplingFields.maxTokens)
        let maxTokens = try fields.int("max_completion_tokens", 1...SamplingFields.maxTokens) ?? olderLimit
        let prompt = try await prompt(fields, tools, options)
        let fitted = try sampling.fitted(
            promptLength: prompt.tokenIDs.count,
            maxTokens: maxTokens, limit: engine.maxModelLength)
        let thinks = encoder.thinks(options.encoding)
        let constraint = try await constraint(spec, tools, sampling.allowedTokenIDs, thinks: thinks)
        let callFormat = tools.choice == .none ? nil : encoder.template.functionFormat
        let reader = AnswerReader(
            AnswerText(encoder.tokenizer, sampling: fitted, stops: sampling.stops, keepsStop: sampling.keepsStop),
            thoughts: encoder.template.isReasoning
                ? ThoughtSplitter(encoder.template.thoughtWords, isOpen: encoder.opensThought(prompt)) : nil,
            calls: callFormat.map { CallSplitter($0, allowsSeveral: tools.allowsSeveral) },
            reportsTokens: reportsTokens, endsAsStop: tools.choice.isNamed, stopIDs: sampling.extraStopIDs)
        let jobs = (0..<sampling.numRequests).map { index in
            let request = request(
                prompt, fitted, sampling, adapter: adapter, constraint: constraint,
                numLogprobs: reportsTokens ? numTop ?? 0 : nil, index: index)
            return AnswerJob(request: request, reader: reader)
        }
        let stream = AnswerStream(jobs, engine: engine, metrics: metrics)
        let form = ChatForm(
            id: try identifier("chatcmpl-", fields), created: Int(Date().timeIntervalSince1970), model: name,
            report: TokenReport(tokenizer: encoder.tokenizer, namesByID: sampling.namesTokensByID),
            numTop: reportsTokens ? numTop ?? 0 : nil, showsThoughts: options.showsThoughts,
            promptIDs: sampling.returnsTokenIDs ? prompt.tokenIDs : nil)
        let usage = Usage(numPrompt: prompt.tokenIDs.count)
        if sampling.streams {
            return .events(stream, ChatEvents(form, usage, sampling, numChoices: sampling.numChoices))
        }
        let answers = try await gather(stream, count: sampling.numChoices)
        return .json(form.response(answers, usage, numPromptLogprobs: sampling.numPromptLogprobs))
    }

    /// The prompt that a request with messages makes; also what /tokenize counts.
    func prompt(_ fields: Fields, _ tools: ToolFields, _ options: ChatOptions) async throws -> Prompt {
        guard let values = try fields.array("messages") else { throw fields.invalid("messages", "is missing") }
        let messages = try ChatMessages(
            values, encoder: encoder, settings: settings, continues: options.continuesAnswer)
        if !messages.images.isEmpty || !messages.videos.isEmpty, !encoder.takesMedia {
            throw APIError.invalid("messages", "this model takes texts only, no images or videos")
        }
        let loader = MediaLoader(settings: settings)
        let images = try await loader.load(messages.images, isVideo: false)
        let videos = try await loader.load(messages.videos, isVideo: true)
        let conversation = messages.conversation(images: images, videos: videos, tools: tools.text)
        let encoder = encoder
        do {
            return try await Self.offload {
                try encoder.prompt(conversation, options: options.encoding, continuing: messages.continued)
            }
        } catch let error as MediaError {
            throw APIError.invalid("messages", error.reason)
        } catch {
            throw APIError.invalid("messages", "\(error)")
        }
    }
}

/// Settings of a chat besides sampling.
struct ChatOptions: Sendable {
    var encoding = PromptEncoder.Options()
    var continuesAnswer = false
    var showsThoughts = true

    init(_ fields: Fields, settings: ServerSettings) throws(APIError) {
        continuesAnswer = try fields.bool("continue_final_message") ?? false
        let opens = try fields.bool("add_generation_prompt") ?? !continuesAnswer
        if continuesAnswer, opens {
            throw fields.invalid("add_generation_prompt", "excludes continue_final_message")
        }
        guard opens || continuesAnswer else {
            throw fields.invalid("add_generation_prompt", "false is available only with continue_final_message: true")
        }
        showsThoughts = try fields.bool("include_reasoning") ?? true
        if let effort = try fields.string("reasoning_effort"), effort == "none" { encoding.enableThinking = false }
        if let kwargs = try fields.object("chat_template_kwargs") {
            for member in kwargs.members
            where !["enable_thinking", "thinking", "thinking_budget"].contains(member.key) {
                throw kwargs.invalid(member.key, "is not supported; enable_thinking and thinking_budget are")
            }
            for key in ["thinking", "enable_thinking"] {
                encoding.enableThinking = try kwargs.bool(key) ?? encoding.enableThinking
            }
        }
        if let kwargs = try fields.object("mm_processor_kwargs") {
            for member in kwargs.members where !["min_pixels", "max_pixels"].contains(member.key) {
                throw kwargs.invalid(member.key, "is not supported; min_pixels and max_pixels are")
            }
            let range = 1...max(1, settings.maxImagePixels)
            let least = try kwargs.int("min_pixels", range), most = try kwargs.int("max_pixels", range)
            if let least, let most, least > most { throw kwargs.invalid("min_pixels", "is larger than max_pixels") }
            encoding.minImagePixels = least
            encoding.maxImagePixels = most
        }
    }
}

extension ToolFields.Choice {
    var isNamed: Bool { if case .named = self { true } else { false } }
}
