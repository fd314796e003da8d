/// What writes answers: many requests at once, each its own stream of events.
///
/// Chat, prediction, the API and rollouts use nothing else, so that they cannot differ.
public protocol GenerationEngine: Sendable {
    /// Begins an answer as soon as there is room. Dropping or cancelling the stream ends the request and frees its memory.
    ///
    /// The stream throws `InferenceError` for a request that can never run (a prompt longer than the model's limit, an
    /// unknown adapter) and when the engine fails.
    func generate(_ request: GenerationRequest) -> AsyncThrowingStream<GenerationEvent, any Error>

    /// Mean of the final hidden states of each prompt, L2-normalised, [prompts][D].
    func embed(_ prompts: [Prompt], adapter: String?) async throws -> [[Float]]

    /// Puts a PEFT adapter beside the weights under a name. Requests that run are not disturbed.
    func loadAdapter(named name: String, folder: String) async throws

    /// Takes an adapter away once its running requests are done.
    func unloadAdapter(named name: String) async throws

    /// The loaded adapters, in the order of loading.
    var adapters: [NamedAdapter] { get }

    /// Longest prompt and answer together, in tokens.
    var maxModelLength: Int { get }

    var statistics: EngineStatistics { get }

    /// Ends when every running request is done; new ones are refused at once.
    func drain() async
}

extension GenerationEngine {
    /// Names of the loaded adapters, in the order of loading.
    public var adapterNames: [String] { adapters.map(\.name) }
}

/// An adapter that is served beside the model under a name of its own.
public struct NamedAdapter: Sendable, Equatable {
    public var name: String
    public var folder: String

    public init(name: String, folder: String) {
        self.name = name
        self.folder = folder
    }
}

/// Counters and gauges of an engine since its start, as /metrics shows them.
public struct EngineStatistics: Sendable, Equatable {
    public var numRunning = 0
    public var numWaiting = 0
    /// Share of the key-value blocks in use, 0 to 1.
    public var cacheUsage = 0.0
    public var numPromptTokens = 0
    public var numGeneratedTokens = 0
    /// Prompt tokens that were found in the prefix cache, of those looked up.
    public var numCachedTokens = 0
    public var numPreemptions = 0
    public var numFinished = 0
    /// Tokens that were guessed ahead by prompt lookup, and how many of them were right.
    public var numGuessedTokens = 0
    public var numRightGuesses = 0

    public init() {}
}
