/// How an engine uses the machine.
public struct EngineOptions: Sendable, Equatable {
    /// How long prompt and answer may be together.
    public enum Length: Sendable, Equatable {
        /// What the model was made for (`max_position_embeddings`, grown by its rope scaling).
        case model
        /// `max_model_len`.
        case tokens(Int)
        /// As long as memory lasts.
        case memory
    }

    public var length = Length.model
    /// Bytes for keys and values; nil takes `memoryShare` of what is free.
    public var cacheBytes: Int?
    /// Share of the free memory that keys and values may take (`gpu_memory_utilization`).
    public var memoryShare = 0.5
    /// Requests that run at the same time (`max_num_seqs`).
    public var numSequences = 256
    /// Prompt tokens of one step (`max_num_batched_tokens`); nil for 512 on a CPU and 8192 on a CUDA device.
    public var tokensPerStep: Int?
    /// Whether requests of a common prefix share its keys and values (`enable_prefix_caching`).
    public var sharesPrefixes = true

    public init() {}
}
