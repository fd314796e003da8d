/// One answer to be written by an engine.
public struct GenerationRequest: Sendable {
    public var prompt: Prompt
    public var sampling: SamplingSettings
    /// Tokens that end the answer.
    public var stopIDs: Set<Int32>
    /// Name of a loaded adapter; nil for the model itself.
    public var adapter: String?
    /// What the answer may look like; nil for anything.
    public var constraint: (any TokenConstraint)?
    /// Watches the answer's thought; nil leaves it alone.
    public var thoughts: ThoughtGuard?
    /// How many of the likeliest tokens are reported beside each chosen one, 0 for the chosen one alone; nil reports no
    /// log-probabilities.
    public var numLogprobs: Int?
    /// The same for the tokens of the prompt, the first excepted.
    public var numPromptLogprobs: Int?
    /// Distinguishes the random draws of requests of one seed.
    public var stream: UInt64

    public init(
        prompt: Prompt, sampling: SamplingSettings, stopIDs: Set<Int32>, adapter: String? = nil,
        constraint: (any TokenConstraint)? = nil, numLogprobs: Int? = nil, numPromptLogprobs: Int? = nil,
        stream: UInt64 = 0
    ) {
        self.prompt = prompt
        self.sampling = sampling
        self.stopIDs = stopIDs
        self.adapter = adapter
        self.constraint = constraint
        self.numLogprobs = numLogprobs
        self.numPromptLogprobs = numPromptLogprobs
        self.stream = stream
    }
}

/// A token with its natural-log probability under the model's raw logits, as vLLM reports it.
public struct TokenLogprob: Sendable, Equatable {
    public var id: Int32
    public var logprob: Float
    /// Its place among all tokens, 1 for the likeliest; known for tokens of a prompt.
    public var rank: Int?

    public init(id: Int32, logprob: Float) {
        self.id = id
        self.logprob = logprob
    }
}

/// What happens to a request, in order: `started`, tokens, `finished`.
public enum GenerationEvent: Sendable, Equatable {
    /// The prompt has been read; `numCached` of its tokens came from the prefix cache. `logprobs` has an entry a prompt
    /// token when asked for (empty for the first): the token itself, then the likeliest.
    case started(numCached: Int, logprobs: [[TokenLogprob]]?)
    /// The next token of the answer, with the likeliest ones when asked for.
    case token(TokenLogprob, likeliest: [TokenLogprob])
    /// The thought is closed for the model: the next tokens are its closing words.
    case thoughtClosed(ThoughtGuard.Closing)
    /// The last event. A token that ended the answer is not among the tokens; `stopID` names it.
    case finished(Completion.Finish, stopID: Int32? = nil)
}
