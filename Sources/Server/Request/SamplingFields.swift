import Foundation
import Inference
import JSON
import Prompting

/// What chat and plain completions have in common: how the answer is drawn, ended and reported.
struct SamplingFields: Sendable {
    var sampling: SamplingSettings
    var stops: [String] = []
    var keepsStop = false
    var extraStopIDs: Set<Int32> = []
    var numChoices = 1
    var streams = false
    var includesUsage = false
    var usageInEveryChunk = false
    var numPromptLogprobs: Int?
    var allowedTokenIDs: [Int32]?
    /// vLLM's `return_token_ids`: the ids of prompt and answers are told, too.
    var returnsTokenIDs = false
    /// vLLM's `return_tokens_as_token_ids`: log-probabilities name tokens `token_id:5`.
    var namesTokensByID = false

    /// Bounds that keep one request from costing more than it should.
    static let maxStops = 64
    static let maxStopBytes = 1024
    static let maxTokens = 1 << 24

    /// - Parameter defaults: what the model was set up with.
    init(
        _ fields: Fields, defaults: SamplingSettings, encoder: PromptEncoder, settings: ServerSettings
    ) throws(APIError) {
        sampling = defaults
        try readDraw(fields, encoder.vocabularySize)
        try readEnd(fields, encoder.vocabularySize)
        try readBans(fields, encoder)
        try readThought(fields)
        try readRepetition(fields)
        numChoices = try fields.int("n", 1...settings.maxChoices) ?? 1
        streams = try fields.bool("stream") ?? false
        if let options = try fields.object("stream_options") {
            guard streams else { throw fields.invalid("stream_options", "needs stream: true") }
            usageInEveryChunk = try options.bool("continuous_usage_stats") ?? false
            includesUsage = try options.bool("include_usage") ?? usageInEveryChunk
        }
        numPromptLogprobs = try fields.int("prompt_logprobs", 0...settings.maxLogprobs)
        if numPromptLogprobs != nil, streams {
            throw fields.invalid("prompt_logprobs", "is not available with stream: true")
        }
        returnsTokenIDs = try fields.bool("return_token_ids") ?? false
        namesTokensByID = try fields.bool("return_tokens_as_token_ids") ?? false
        try readBeams(fields)
        try Self.refuseUnsupported(fields)
    }

    /// Requests to the engine for one prompt: a beam search gives all choices at once.
    var numRequests: Int { sampling.beams == nil ? numChoices : 1 }

    /// vLLM's beam search: `n` is the number of beams, all of which are answers.
    private mutating func readBeams(_ fields: Fields) throws(APIError) {
        let penalty = try fields.double("length_penalty", -100...100) ?? 1
        guard try fields.bool("use_beam_search") ?? false else {
            guard penalty == 1, fields["early_stopping"] == nil else {
                throw fields.invalid(penalty == 1 ? "early_stopping" : "length_penalty", "needs use_beam_search: true")
            }
            return
        }
        guard !streams else { throw fields.invalid("use_beam_search", "is not available with stream: true") }
        guard numChoices <= 64 else { throw fields.invalid("n", "must be at most 64 with use_beam_search") }
        guard numPromptLogprobs == nil else {
            throw fields.invalid("prompt_logprobs", "is not available with use_beam_search")
        }
        var beams = BeamSettings(numBeams: numChoices, lengthPenalty: penalty)
        if fields["early_stopping"]?.stringValue == "never" {
            beams.ending = .certain
        } else if try fields.bool("early_stopping") == true {
            beams.ending = .early
        }
        sampling.beams = beams
        sampling.samples = false
        if let problem = sampling.beamProblem { throw fields.invalid("use_beam_search", problem) }
    }

    /// How long a thought may be: vLLM's name, and Qwen's at both of its places.
    private mutating func readThought(_ fields: Fields) throws(APIError) {
        // vLLM's -1 stands for any number.
        let range = -1...Self.maxTokens
        let kwargs = try fields.object("chat_template_kwargs")
        let given = [
            try fields.int("thinking_token_budget", range), try fields.int("thinking_budget", range),
            try kwargs?.int("thinking_budget", range),
        ]
        if let budget = given.lazy.compactMap({ $0 }).first { sampling.thinkingBudget = budget < 0 ? nil : budget }
        sampling.stopsThoughtLoops = try fields.bool("loop_guard") ?? sampling.stopsThoughtLoops
    }

    /// vLLM's `repetition_detection`: an answer that says the same over and over ends.
    private mutating func readRepetition(_ fields: Fields) throws(APIError) {
        guard let limit = try fields.object("repetition_detection") else { return }
        let most = try limit.int("max_pattern_size", 0...4096) ?? 0
        let least = try limit.int("min_pattern_size", 0...4096) ?? 0
        guard least <= most else { throw limit.invalid("min_pattern_size", "is larger than max_pattern_size") }
        let count = try limit.int("min_count", 0...1000) ?? 0
        guard most > 0 else { return }
        guard count >= 2 else { throw limit.invalid("min_count", "must be at least 2") }
        sampling.repetitionLimit = RepetitionLimit(sizes: max(1, least)...most, count: count)
    }

    /// vLLM's `bad_words`: each as it is written at the beginning of a text and after a blank.
    private mutating func readBans(_ fields: Fields, _ encoder: PromptEncoder) throws(APIError) {
        guard let items = try fields.array("bad_words") else { return }
        guard items.count <= 1024 else { throw fields.invalid("bad_words", "has more than 1024 words") }
        for item in items {
            guard let word = item.stringValue, !word.isEmpty, word.utf8.count <= Self.maxStopBytes else {
                throw fields.invalid("bad_words", "must be a list of texts of 1 to \(Self.maxStopBytes) bytes")
            }
            let bare = String(word.drop(while: \.isWhitespace))
            let spellings = [word, bare, " " + bare].map { encoder.tokenizer.encode($0) }.filter { !$0.isEmpty }
            for ids in spellings where !sampling.bannedSequences.contains(ids) { sampling.bannedSequences.append(ids) }
        }
    }

    private mutating func readDraw(_ fields: Fields, _ vocabularySize: Int) throws(APIError) {
        if let temperature = try fields.double("temperature", 0...100) {
            sampling.temperature = temperature
            // The client asks for chance although the model was set up without.
            if temperature > 0 { sampling.samples = true }
        }
        if let samples = try fields.bool("do_sample") { sampling.samples = samples }
        // vLLM's border: what is colder would divide by nearly nothing.
        if sampling.temperature < 1e-5 { sampling.samples = false }
        sampling.topP = try fields.double("top_p", 0...1) ?? sampling.topP
        if sampling.topP == 0 { sampling.topP = .leastNormalMagnitude }
        sampling.topK = try fields.int("top_k", -1...Int(Int32.max)) ?? sampling.topK
        sampling.minP = try fields.double("min_p", 0...1) ?? sampling.minP
        sampling.repetitionPenalty = try fields.double("repetition_penalty", 0...100) ?? sampling.repetitionPenalty
        guard sampling.repetitionPenalty > 0 else { throw fields.invalid("repetition_penalty", "must be above 0") }
        sampling.presencePenalty = try fields.double("presence_penalty", -2...2) ?? sampling.presencePenalty
        sampling.frequencyPenalty = try fields.double("frequency_penalty", -2...2) ?? sampling.frequencyPenalty
        sampling.seed =
            try fields.int("seed", Int.min...Int.max).map { UInt64(bitPattern: Int64($0)) }
            ?? UInt64.random(in: 0 ... .max)
        if let biases = try fields.object("logit_bias") {
            guard biases.members.count <= 1024 else { throw fields.invalid("logit_bias", "has more than 1024 tokens") }
            for member in biases.members {
                guard let id = Int32(member.key), id >= 0, Int(id) < vocabularySize else {
                    throw fields.invalid("logit_bias", "\(quoted(member.key)) is no token id below \(vocabularySize)")
                }
                guard let bias = try biases.double(member.key, -100...100) else { continue }
                sampling.logitBias[id] = Float(bias)
            }
        }
        allowedTokenIDs = try fields.tokenIDs("allowed_token_ids", below: vocabularySize, limit: 65536)
        if allowedTokenIDs?.isEmpty == true { throw fields.invalid("allowed_token_ids", "must not be empty") }
    }

    private mutating func readEnd(_ fields: Fields, _ vocabularySize: Int) throws(APIError) {
        sampling.minNewTokens = try fields.int("min_tokens", 0...Self.maxTokens) ?? 0
        sampling.ignoresStopIDs = try fields.bool("ignore_eos") ?? false
        sampling.skipSpecialTokens = try fields.bool("skip_special_tokens") ?? sampling.skipSpecialTokens
        // Byte-level tokens know no other spacing than their own bytes.
        _ = try fields.bool("spaces_between_special_tokens")
        keepsStop = try fields.bool("include_stop_str_in_output") ?? false
        extraStopIDs = Set(try fields.tokenIDs("stop_token_ids", below: vocabularySize) ?? [])
        guard let stop = fields["stop"] else { return }
        let items = stop.arrayValue ?? [stop]
        guard items.count <= Self.maxStops else {
            throw fields.invalid("stop", "has more than \(Self.maxStops) strings")
        }
        for item in items {
            guard let text = item.stringValue else { throw fields.invalid("stop", "must be text or a list of texts") }
            guard !text.isEmpty, text.utf8.count <= Self.maxStopBytes else {
                throw fields.invalid("stop", "strings must have 1 to \(Self.maxStopBytes) bytes")
            }
            stops.append(text)
        }
    }

    /// Fields that would change the answer and that nothing here can do.
    private static func refuseUnsupported(_ fields: Fields) throws(APIError) {
        let reasons = [
            "guided_grammar": "is not supported; use guided_regex or guided_json",
            "logits_processors": "runs code and is never supported", "prompt_embeds": "is not supported",
            "chat_template": "the template of the request is never run; start the server with template=NAME",
            "suffix": "is not supported", "kv_transfer_params": "is not supported", "documents": "is not supported",
            "audio": "is not supported", "web_search_options": "is not supported",
        ]
        for member in fields.members {
            guard let reason = reasons[member.key], member.value.isTruthy else { continue }
            throw fields.invalid(member.key, reason)
        }
    }

    /// Makes room for the answer after a prompt.
    ///
    /// - Throws: when the prompt, or the prompt with the answer asked for, is longer than the model's limit.
    func fitted(promptLength: Int, maxTokens: Int?, limit: Int) throws(APIError) -> SamplingSettings {
        var sampling = sampling
        let room = limit - promptLength
        let what = "This model's maximum context length is \(limit) tokens"
        guard room > 0 || (maxTokens == 0 && room == 0) else {
            throw .contextLength("\(what), but the prompt has \(promptLength). Please shorten it.")
        }
        if let maxTokens {
            guard maxTokens <= room else {
                throw .contextLength(
                    "\(what), but the prompt has \(promptLength) and \(maxTokens) are asked for as an answer. Please shorten either."
                )
            }
            sampling.maxNewTokens = maxTokens
        } else {
            sampling.maxNewTokens = min(room, sampling.maxNewTokens ?? max(1, sampling.maxLength - promptLength))
        }
        guard sampling.minNewTokens <= sampling.maxNewTokens ?? 0 else {
            throw .invalid(
                "min_tokens",
                "\(sampling.minNewTokens) is more than the \(sampling.maxNewTokens ?? 0) tokens of the answer")
        }
        return sampling
    }
}
