public import RunConfig

/// How the tokens of an answer are chosen; the names in parentheses are LLaMA-Factory's keys.
public struct SamplingSettings: Sendable, Equatable {
    /// Draw by chance; otherwise the likeliest token is taken (`do_sample`). Off when the temperature is 0.
    public var samples = true
    /// `temperature`.
    public var temperature = 0.95
    /// Share of probability that is drawn from (`top_p`).
    public var topP = 0.7
    /// Number of tokens that are drawn from; 0 or less for all (`top_k`).
    public var topK = 50
    /// Above 1 makes tokens of the prompt and the answer less likely (`repetition_penalty`).
    public var repetitionPenalty = 1.0
    /// Least probability of a token relative to the likeliest, 0 for none (`min_p`).
    public var minP = 0.0
    /// Subtracted from the logits of tokens that the answer has already (OpenAI's `presence_penalty`).
    public var presencePenalty = 0.0
    /// Subtracted from the logits of tokens, times their number in the answer (OpenAI's `frequency_penalty`).
    public var frequencyPenalty = 0.0
    /// Added to the logits of tokens (OpenAI's `logit_bias`).
    public var logitBias: [Int32: Float] = [:]
    /// Pieces of text that never come, as tokens (vLLM's `bad_words`).
    public var bannedSequences: [[Int32]] = []
    /// Tokens that come before the answer may end (`min_tokens`).
    public var minNewTokens = 0
    /// Go on past tokens that end an answer (`ignore_eos`).
    public var ignoresStopIDs = false
    /// Longest answer in tokens (`max_new_tokens`); nil leaves it to `maxLength`.
    public var maxNewTokens: Int? = 1024
    /// Longest prompt and answer together when `maxNewTokens` is nil (`max_length`).
    public var maxLength = 1024
    /// Leave special tokens out of the text (`skip_special_tokens`).
    public var skipSpecialTokens = true
    /// The same seed draws the same answer, whatever is computed beside it.
    public var seed: UInt64 = 42
    /// Tokens that a thought may have before it is closed (`thinking_budget`); nil for any number.
    public var thinkingBudget: Int?
    /// Close a thought that repeats itself (`loop_guard`).
    public var stopsThoughtLoops = false
    /// End an answer that repeats itself (vLLM's `repetition_detection`); nil for never.
    public var repetitionLimit: RepetitionLimit?
    /// Tokens that are guessed ahead where the text so far has gone on so before (`prompt_lookup_num_tokens`), 0 for none.
    /// The answer is the same; it comes sooner where it repeats the prompt.
    public var numLookupTokens = 0
    /// Tokens of the piece of text that is looked up, the longest first (`max_matching_ngram_size`).
    public var lookupLengths = 1...2
    /// How several answers are followed at once (`num_beams`); nil for one.
    public var beams: BeamSettings?

    public init() {}

    public init(_ generation: GenerationArguments, seed: UInt64) {
        samples = generation.doSample
        temperature = generation.temperature
        topP = generation.topP
        topK = generation.topK
        repetitionPenalty = generation.repetitionPenalty
        maxNewTokens = generation.effectiveMaxNewTokens
        maxLength = generation.maxLength
        skipSpecialTokens = generation.skipSpecialTokens
        thinkingBudget = generation.thinkingBudget
        stopsThoughtLoops = generation.loopGuard
        numLookupTokens = generation.promptLookupNumTokens
        if generation.numBeams > 1 {
            beams = BeamSettings(numBeams: generation.numBeams, lengthPenalty: generation.lengthPenalty)
        }
        self.seed = seed
    }

    /// The likeliest token each time.
    public static func greedy(maxNewTokens: Int) -> SamplingSettings {
        var settings = SamplingSettings()
        settings.samples = false
        settings.maxNewTokens = maxNewTokens
        return settings
    }

    /// The settings, where answers are written one at a time.
    ///
    /// - Throws: when several beams are asked for.
    public func withoutBeams() throws -> SamplingSettings {
        guard beams == nil else {
            throw InferenceError(
                "num_beams is for anneal predict; a request over HTTP asks for beams with use_beam_search and n")
        }
        return self
    }

    /// Whether chance has a part.
    var isRandom: Bool { samples && temperature > 0 && topK != 1 }

    /// Tokens that an answer to a prompt of `promptLength` may have.
    func limit(promptLength: Int) -> Int { maxNewTokens ?? max(0, maxLength - promptLength) }
}
