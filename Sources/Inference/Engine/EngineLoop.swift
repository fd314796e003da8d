import Models
import Torch

/// The engine's work, step by step. `@unchecked`: touched on the tensor thread only.
final class EngineLoop: @unchecked Sendable {
    /// A request that waits to be taken up.
    struct Arrival: Sendable {
        let id: Int
        let request: GenerationRequest
        let adapter: Int?
        let limit: Int
        let content: MediaContent?
        let deliver: EventSink
    }

    let runner: ModelRunner
    private(set) var scheduler: Scheduler
    private(set) var statistics = EngineStatistics()
    private var requests: [Int: RunningRequest] = [:]
    private let numBlocks: Int
    private let sharesPrefixes: Bool

    init(_ model: LanguageModel, numBlocks: Int, options: EngineOptions) {
        runner = ModelRunner(model, numBlocks: numBlocks)
        // Where the rotation grows with the prompt's length, equal beginnings have unequal keys.
        sharesPrefixes = options.sharesPrefixes && !model.config.text.rope.isLengthDependent
        self.numBlocks = numBlocks
        scheduler = Scheduler(
            numBlocks: numBlocks,
            limits: Scheduler.Limits(
                numSequences: max(1, options.numSequences),
                tokensPerStep: max(1, options.tokensPerStep ?? (Device.current.isCPU ? 512 : 8192)),
                sharesPrefixes: sharesPrefixes))
    }

    var isIdle: Bool { scheduler.isIdle }

    /// Numbers of the adapters that requests are using.
    var adaptersInUse: Set<Int> { Set(requests.values.compactMap(\.adapter)) }

    func add(_ arrival: Arrival) {
        let request = arrival.request
        var running = RunningRequest(
            request, adapter: arrival.adapter, limit: arrival.limit, deliver: arrival.deliver)
        statistics.numPromptTokens += request.prompt.tokenIDs.count
        if arrival.limit == 0, request.numPromptLogprobs == nil {
            running.hasStarted = true
            _ = running.deliver(.success(.started(numCached: 0, logprobs: nil)))
            _ = running.deliver(.success(.finished(.length)))
            statistics.numFinished += 1
            return
        }
        requests[arrival.id] = running
        scheduler.add(
            SequenceState(
                id: arrival.id, tokenIDs: request.prompt.tokenIDs, root: UInt64(arrival.adapter ?? 0),
                content: arrival.content, usesCache: request.numPromptLogprobs == nil))
    }

    /// Ends a request that nobody waits for any more.
    func cancel(_ id: Int) {
        guard let running = requests[id] else { return }
        _ = running.deliver(.success(.finished(.cancelled)))
        end(id)
    }

    func forgetPrefixes() { scheduler.forgetPrefixes() }

    /// One step: a part of the prompts, and one token of every answer.
    func step() {
        guess()
        let plan = scheduler.schedule()
        runner.copy(plan.copies)
        run(plan.prompts)
        // One token of a few answers is many short operators.
        if plan.answers.count <= Tensor.fewRows {
            Runtime.withTeam { run(plan.answers) }
        } else {
            run(plan.answers)
        }
        statistics.numRunning = scheduler.running.count
        statistics.numWaiting = scheduler.waiting.count
        statistics.cacheUsage = Double(scheduler.allocator.numUsed) / Double(numBlocks)
        statistics.numPreemptions = scheduler.numPreemptions
        statistics.numCachedTokens = scheduler.numCachedTokens
    }

    /// Looks up how answers may go on.
    private func guess() {
        for id in scheduler.running {
            guard let running = requests[id], let state = scheduler.sequences[id] else { continue }
            let sampling = running.request.sampling
            let count = min(sampling.numLookupTokens, running.limit - running.numWritten - 1)
            guard count > 0, running.hasStarted, state.numPending == 1 else { continue }
            scheduler.guess(
                PromptLookup.guess(
                    after: state.tokenIDs, lengths: sampling.lookupLengths, count: count,
                    stopIDs: running.request.stopIDs), for: id)
        }
    }

    /// Computes chunks in one pass. When it fails, each of its requests is tried in a pass of its own, and only the one
    /// that fails there ends with the error.
    private func run(_ chunks: [StepPlan.Chunk]) {
        let items = prepared(chunks)
        guard !items.isEmpty else { return }
        do {
            let hidden = try runner.hiddenStates(items)
            try scorePrompts(items, hidden)
            // Without a tensor that failed: from here on every request stands for itself.
            let (rows, places) = rowsToSample(items)
            var chosen: [(token: ScoredToken, likeliest: [ScoredToken])] = []
            if !rows.isEmpty {
                let last = rows.count == hidden.size(0) ? hidden : hidden.rows(Tensor(places.map(\.row)))
                chosen = try runner.sample(last, rows)
            }
            scheduler.complete(items.map(\.chunk))
            take(chosen, places)
        } catch {
            if items.count == 1 {
                fail(items[0].chunk.id, error)
            } else {
                scheduler.isolate(items.map(\.chunk.id))
            }
        }
    }

    /// The chunks with their requests, neighbours by adapter; those whose images cannot be read end here.
    private func prepared(_ chunks: [StepPlan.Chunk]) -> [ModelRunner.Item] {
        var items: [ModelRunner.Item] = []
        for chunk in chunks {
            guard let state = scheduler.sequences[chunk.id], var running = requests[chunk.id] else { continue }
            do {
                if running.features == nil, chunk.range.lowerBound < state.numPromptTokens {
                    running.features = try runner.features(running, from: chunk.range.lowerBound)
                    requests[chunk.id] = running
                }
                var state = state
                state.tokenIDs += state.guesses
                items.append(ModelRunner.Item(chunk: chunk, state: state, running: running))
            } catch {
                // Others may count on its blocks, which will not be written.
                scheduler.forgetPrefixes()
                fail(chunk.id, error)
                let others = chunks.map(\.id).filter { $0 != chunk.id }
                scheduler.isolate(others)
                return []
            }
        }
        return items.enumerated().sorted {
            let (a, b) = ($0.element.running.adapter ?? 0, $1.element.running.adapter ?? 0)
            return a != b ? a < b : $0.offset < $1.offset
        }.map(\.element)
    }

    /// Where a token is chosen: whose it is, the row of its hidden state, and the sampler there.
    private struct Place {
        let id: Int
        let row: Int
        let sampler: Sampler
        /// The guess that the token must equal for the next place to count; nil for the last.
        var guess: Int32?
    }

    /// How the next token of each finished chunk is chosen, and those after its guesses as if they were right.
    private func rowsToSample(_ items: [ModelRunner.Item]) -> (rows: [SamplingRow], places: [Place]) {
        var rows: [SamplingRow] = [], places: [Place] = []
        var first = 0
        for item in items {
            first += item.chunk.range.count
            let id = item.chunk.id, numGuessed = item.chunk.numGuessed
            guard item.chunk.isLast, start(id), var sampler = requests[id]?.sampler else { continue }
            rows.append(sampler.row())
            places.append(Place(id: id, row: first - 1 - numGuessed, sampler: sampler))
            for (index, guess) in item.state.tokenIDs.suffix(numGuessed).enumerated() {
                guard sampler.accept(guess), !sampler.mustEnd, !sampler.isStuck else { break }
                rows.append(sampler.row())
                places[places.count - 1].guess = guess
                places.append(Place(id: id, row: first - numGuessed + index, sampler: sampler))
            }
        }
        return (rows, places)
    }

    /// Adds the chosen tokens to their answers, guesses as far as they were right.
    private func take(_ chosen: [(token: ScoredToken, likeliest: [ScoredToken])], _ places: [Place]) {
        var wrong: Int?, numKept = 0
        for (index, (place, choice)) in zip(places, chosen).enumerated() {
            guard place.id != wrong else { continue }
            requests[place.id]?.sampler = place.sampler
            take(choice, place.id)
            if place.guess != nil { statistics.numGuessedTokens += 1 }
            if let guess = place.guess, guess == choice.token.id, requests[place.id] != nil {
                numKept += 1
                continue
            }
            statistics.numRightGuesses += numKept
            scheduler.keepGuesses(numKept, of: place.id)
            numKept = 0
            wrong = place.id
            // The guesses behind a wrong one were computed, too.
            statistics.numGuessedTokens += places[(index + 1)...].prefix { $0.id == place.id && $0.guess != nil }.count
        }
    }

    /// Reports that a prompt has been read; false when nothing is to be written after it.
    private func start(_ id: Int) -> Bool {
        guard var running = requests[id] else { return false }
        if !running.hasStarted {
            running.hasStarted = true
            running.features = nil
            requests[id] = running
            let logprobs = running.request.numPromptLogprobs.map { _ in running.promptLogprobs }
            let numCached = scheduler.sequences[id]?.numCached ?? 0
            guard running.deliver(.success(.started(numCached: numCached, logprobs: logprobs))) else {
                finish(id, .cancelled)
                return false
            }
            // A thought that the prompt opened and that may have no token.
            if let closing = running.sampler.thoughtClosing {
                requests[id]?.closingReported = true
                guard running.deliver(.success(.thoughtClosed(closing))) else {
                    finish(id, .cancelled)
                    return false
                }
            }
            if running.limit == 0 {
                finish(id, .length)
                return false
            }
        }
        if running.sampler.mustEnd, running.request.stopIDs.isEmpty || running.request.sampling.ignoresStopIDs {
            finish(id, .stop)
            return false
        }
        if running.sampler.isStuck {
            fail(id, InferenceError("no token of the vocabulary can continue the answer as its constraint asks"))
            return false
        }
        return true
    }

    private func scorePrompts(_ items: [ModelRunner.Item], _ hidden: Tensor) throws {
        var first = 0
        for item in items {
            let range = item.chunk.range, rows = first
            first += range.count
            guard let wanted = item.running.request.numPromptLogprobs, !item.running.hasStarted else { continue }
            // The token after each row, where it belongs to the prompt.
            let scored = range.lowerBound..<min(range.upperBound, item.state.numPromptTokens - 1)
            var all = range.lowerBound == 0 ? [[]] : item.running.promptLogprobs
            if !scored.isEmpty {
                all += try runner.logprobs(
                    hidden[rows..<(rows + scored.count)],
                    of: Array(item.state.tokenIDs[(scored.lowerBound + 1)...scored.upperBound]), numLikeliest: wanted)
            }
            requests[item.chunk.id]?.promptLogprobs = all
        }
    }

    /// Adds a chosen token to its answer.
    private func take(_ choice: (token: ScoredToken, likeliest: [ScoredToken]), _ id: Int) {
        guard var running = requests[id] else { return }
        let token = choice.token, sampling = running.request.sampling
        guard token.id >= 0 else {
            return fail(
                id,
                InferenceError(
                    "no token could be chosen: none is allowed, or the model's logits are not finite; check the weights and the adapter"
                ))
        }
        let isStop = running.request.stopIDs.contains(token.id)
        if isStop, !sampling.ignoresStopIDs || running.sampler.mustEnd { return finish(id, .stop, token.id) }
        running.numWritten += 1
        statistics.numGeneratedTokens += 1
        guard running.sampler.accept(token.id) else {
            return fail(id, InferenceError("the answer left its constraint at token \(token.id)"))
        }
        let closing = running.closingReported ? nil : running.sampler.thoughtClosing
        running.closingReported = running.sampler.thoughtClosing != nil
        requests[id] = running
        scheduler.append(token.id, to: id)
        let event = GenerationEvent.token(TokenLogprob(token), likeliest: choice.likeliest.map(TokenLogprob.init))
        let isOpen = running.deliver(.success(event))
        if !isOpen || closing.map({ running.deliver(.success(.thoughtClosed($0))) }) == false {
            finish(id, .cancelled)
        } else if running.numWritten >= running.limit {
            finish(id, .length)
        } else if running.sampler.isRepeating {
            finish(id, .repetition)
        }
    }

    private func finish(_ id: Int, _ reason: Completion.Finish, _ stopID: Int32? = nil) {
        _ = requests[id]?.deliver(.success(.finished(reason, stopID: stopID)))
        end(id)
    }

    private func fail(_ id: Int, _ error: any Error) {
        _ = requests[id]?.deliver(.failure(error))
        end(id)
    }

    private func end(_ id: Int) {
        requests[id] = nil
        scheduler.remove(id)
        statistics.numFinished += 1
    }
}
