public import Models
import Synchronization
import Torch

/// The engine: many requests at once over one model, with keys and values in blocks, shared beginnings, and adapters
/// chosen request by request.
///
/// Requests come and go from any thread through a mailbox. One loop on the tensor thread computes steps while there is
/// something to do and sleeps otherwise; between two steps other work of that thread has its turn.
public final class PagedEngine: GenerationEngine {
    /// How the memory is divided.
    public let budget: CacheBudget
    private let config: ModelConfig
    private let loop: EngineLoop
    private let mailbox = Mutex(Mailbox())

    private struct Mailbox {
        var arrivals: [EngineLoop.Arrival] = []
        var cancelled: [Int] = []
        var nextID = 0
        /// Whether the loop will look into the mailbox without being woken.
        var isAwake = false
        var isDraining = false
        var forgetsPrefixes = false
        var adapters: [(named: NamedAdapter, number: Int)] = []
        /// Adapters to be taken away when nobody uses them, and who waits for it.
        var leaving: [(number: Int, done: @Sendable () -> Void)] = []
        var waitingForIdle: [@Sendable () -> Void] = []
        var statistics = EngineStatistics()
    }

    /// An engine over a model in memory, whose weights it shares. To be called on `TensorThread.cpu`, where the model
    /// must be touched only between steps from now on; call `forgetPrefixes` after its weights have changed.
    public init(_ model: LanguageModel, options: EngineOptions = EngineOptions()) throws {
        config = model.config
        budget = try CacheBudget(model.config, dtype: model.embeddingDType, options: options)
        loop = try scope("making the key-value cache") { [budget] in
            EngineLoop(model, numBlocks: budget.numBlocks, options: options)
        }
    }

    public var maxModelLength: Int { budget.maxModelLength }
    public var adapters: [NamedAdapter] { mailbox.withLock { $0.adapters.map(\.named) } }
    public var statistics: EngineStatistics {
        mailbox.withLock { box in
            var statistics = box.statistics
            statistics.numWaiting += box.arrivals.count
            return statistics
        }
    }

    // MARK: requests

    public func generate(_ request: GenerationRequest) -> AsyncThrowingStream<GenerationEvent, any Error> {
        let (stream, continuation) = AsyncThrowingStream<GenerationEvent, any Error>.makeStream()
        let id = submit(request) { result in
            switch result {
            case .success(let event):
                let isOpen: Bool
                if case .terminated = continuation.yield(event) { isOpen = false } else { isOpen = true }
                if case .finished = event { continuation.finish() }
                return isOpen
            case .failure(let error):
                continuation.finish(throwing: error)
                return false
            }
        }
        continuation.onTermination = { [weak self] reason in
            if case .cancelled = reason { self?.cancel(id) }
        }
        return stream
    }

    /// Begins a request; `deliver` hears its events on the tensor thread and ends it by returning false. A request that
    /// can never run fails at once, on the caller's thread.
    @discardableResult
    func submit(_ request: GenerationRequest, deliver: @escaping EventSink) -> Int {
        let content = MediaContent(request.prompt, vision: config.vision)
        let result = mailbox.withLock { box -> Result<Int, any Error> in
            let id = box.nextID
            box.nextID += 1
            do {
                let (adapter, limit) = try check(request, box)
                box.arrivals.append(
                    EngineLoop.Arrival(
                        id: id, request: request, adapter: adapter, limit: limit, content: content, deliver: deliver))
                return .success(id)
            } catch { return .failure(error) }
        }
        switch result {
        case .success(let id):
            wake()
            return id
        case .failure(let error):
            _ = deliver(.failure(error))
            return -1
        }
    }

    func cancel(_ id: Int) {
        mailbox.withLock { $0.cancelled.append(id) }
        wake()
    }

    /// The adapter's number and the answer's limit of a request that can run.
    private func check(_ request: GenerationRequest, _ box: borrowing Mailbox) throws -> (adapter: Int?, limit: Int) {
        if request.sampling.beams != nil {
            throw InferenceError("num_beams: beam search is for predict, and for use_beam_search over HTTP")
        }
        if box.isDraining { throw InferenceError("the engine is shutting down and takes no more requests") }
        let prompt = request.prompt, count = prompt.tokenIDs.count
        guard count > 0 else { throw InferenceError("the prompt is empty") }
        if let id = prompt.tokenIDs.first(where: { $0 < 0 || Int($0) >= config.text.vocabularySize }) {
            throw InferenceError(
                "token \(id) of the prompt is not in the model's vocabulary of \(config.text.vocabularySize)")
        }
        guard prompt.positions.count == 1 || prompt.positions.count == 3,
            prompt.positions.allSatisfy({ $0.count == count })
        else { throw InferenceError("the prompt has \(count) tokens, but not as many positions") }
        let wanted = request.sampling.limit(promptLength: count)
        guard count + min(wanted, 1) <= maxModelLength else {
            throw InferenceError(
                "the prompt has \(count) tokens; prompt and answer together may have at most \(maxModelLength) (max_model_len)"
            )
        }
        guard let name = request.adapter else { return (nil, min(wanted, maxModelLength - count)) }
        guard let adapter = box.adapters.first(where: { $0.named.name == name }) else {
            let names = box.adapters.map(\.named.name)
            throw InferenceError(
                "there is no adapter \(name); loaded are: \(names.isEmpty ? "none" : names.joined(separator: ", "))")
        }
        return (adapter.number, min(wanted, maxModelLength - count))
    }

    // MARK: adapters and embeddings

    public func loadAdapter(named name: String, folder: String) async throws {
        guard !name.isEmpty else { throw InferenceError("an adapter needs a name") }
        try await TensorThread.cpu.run { [self] in
            guard !adapterNames.contains(name) else {
                throw InferenceError("an adapter named \(name) is loaded already; unload it first")
            }
            let number = try scope("loading adapter \(folder)") { try loop.runner.adapters.load(folder: folder) }
            mailbox.withLock { $0.adapters.append((NamedAdapter(name: name, folder: folder), number)) }
        }
    }

    public func unloadAdapter(named name: String) async throws {
        let number = mailbox.withLock { box -> Int? in
            guard let index = box.adapters.firstIndex(where: { $0.named.name == name }) else { return nil }
            return box.adapters.remove(at: index).number
        }
        guard let number else { throw InferenceError("there is no adapter \(name)") }
        await withCheckedContinuation { continuation in
            mailbox.withLock { $0.leaving.append((number, { continuation.resume() })) }
            wake()
        }
    }

    public func embed(_ prompts: [Prompt], adapter: String?) async throws -> [[Float]] {
        let number = try mailbox.withLock { box in
            try prompts.compactMap { prompt in
                try check(
                    GenerationRequest(
                        prompt: prompt, sampling: .greedy(maxNewTokens: 0), stopIDs: [], adapter: adapter), box
                ).adapter
            }.first
        }
        var result: [[Float]] = []
        // One job a prompt, so that running answers go on between them.
        for prompt in prompts {
            result += try await TensorThread.cpu.run { [self] in try loop.runner.embed([prompt], adapter: number) }
        }
        return result
    }

    // MARK: the loop

    public func drain() async {
        await withCheckedContinuation { continuation in
            mailbox.withLock {
                $0.isDraining = true
                $0.waitingForIdle.append { continuation.resume() }
            }
            wake()
        }
    }

    /// Answers of later requests are computed from their first token on: to be called when the weights have changed.
    public func forgetPrefixes() {
        mailbox.withLock { $0.forgetsPrefixes = true }
        wake()
    }

    /// Answers requests and waits for all of them, in order. On the tensor thread it computes them itself.
    ///
    /// - Parameter onToken: hears the request's index and each token of its answer, and ends the answer by returning false.
    public func complete(
        _ requests: [GenerationRequest], onToken: @escaping @Sendable (Int, Int32) -> Bool = { _, _ in true }
    ) throws -> [Completion] {
        let answers = CollectedAnswers(count: requests.count)
        for (index, request) in requests.enumerated() {
            submit(request) { answers.take($0, index, onToken) }
        }
        if TensorThread.cpu.isCurrent {
            while !answers.areComplete { _ = turn() }
        } else {
            answers.wait()
        }
        return try answers.completions()
    }

    private func wake() {
        let sleeps = mailbox.withLock { box in
            defer { box.isAwake = true }
            return !box.isAwake
        }
        if sleeps { post() }
    }

    private func post() {
        TensorThread.cpu.post { [self] in
            if turn() { post() }
        }
    }

    /// Empties the mailbox and computes a step; false when there is nothing left to do.
    private func turn() -> Bool {
        let (arrivals, cancelled, forgets) = mailbox.withLock { box in
            defer {
                box.arrivals = []
                box.cancelled = []
                box.forgetsPrefixes = false
            }
            return (box.arrivals, box.cancelled, box.forgetsPrefixes)
        }
        if forgets { loop.forgetPrefixes() }
        arrivals.forEach(loop.add)
        cancelled.forEach(loop.cancel)
        noGrad { loop.step() }
        let inUse = loop.adaptersInUse, isIdle = loop.isIdle, statistics = loop.statistics
        let (goesOn, left, idle) = mailbox.withLock { box in
            box.statistics = statistics
            let waiting = Set(box.arrivals.compactMap(\.adapter))
            let left = box.leaving.filter { !inUse.contains($0.number) && !waiting.contains($0.number) }
            box.leaving.removeAll { entry in left.contains { $0.number == entry.number } }
            let hasMail = !box.arrivals.isEmpty || !box.cancelled.isEmpty || box.forgetsPrefixes
            box.isAwake = hasMail || !isIdle
            var idle: [@Sendable () -> Void] = []
            if !box.isAwake { swap(&idle, &box.waitingForIdle) }
            return (box.isAwake, left, idle)
        }
        for (number, done) in left {
            loop.runner.adapters.unload(number)
            done()
        }
        idle.forEach { $0() }
        return goesOn
    }
}
