/// What a server may ask of any model. A reward model scores texts and writes none.
extension RewardModel: GenerationEngine {
    private static let refusal = InferenceError("a reward model scores texts, it does not write any")

    public func generate(_ request: GenerationRequest) -> AsyncThrowingStream<GenerationEvent, any Error> {
        AsyncThrowingStream { $0.finish(throwing: Self.refusal) }
    }

    public func embed(_ prompts: [Prompt], adapter: String?) async throws -> [[Float]] { throw Self.refusal }
    public func loadAdapter(named name: String, folder: String) async throws { throw Self.refusal }
    public func unloadAdapter(named name: String) async throws { throw Self.refusal }
    public var adapters: [NamedAdapter] { [] }
    public var statistics: EngineStatistics { EngineStatistics() }
    public func drain() async {}
}
