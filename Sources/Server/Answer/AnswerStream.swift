import Inference

/// A request to the engine and how its answers are read.
struct AnswerJob: Sendable {
    var request: GenerationRequest
    let reader: AnswerReader

    /// A beam search gives as many answers as it has beams.
    var numAnswers: Int { request.sampling.beams?.numBeams ?? 1 }
}

/// Several answers being written at once, as one stream of pieces in the order they come.
///
/// Dropping the stream, or cancelling its reader, ends all of them.
struct AnswerStream: Sendable {
    typealias Item = (index: Int, piece: AnswerPiece)

    let items: AsyncThrowingStream<Item, any Error>

    init(_ jobs: [AnswerJob], engine: any GenerationEngine, metrics: Metrics) {
        items = AsyncThrowingStream { continuation in
            let task = Task {
                do {
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        var index = 0
                        for job in jobs {
                            group.addTask { [index] in
                                if job.request.sampling.beams == nil {
                                    try await Self.run(job.request, job.reader, index, engine, metrics, continuation)
                                } else {
                                    try await Self.search(job, index, engine, metrics, continuation)
                                }
                            }
                            index += job.numAnswers
                        }
                        try await group.waitForAll()
                    }
                    continuation.finish()
                } catch {
                    continuation.finish(throwing: error)
                }
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }

    /// Answers of a beam search, all at once at its end.
    private static func search(
        _ job: AnswerJob, _ first: Int, _ engine: any GenerationEngine, _ metrics: Metrics,
        _ continuation: AsyncThrowingStream<Item, any Error>.Continuation
    ) async throws {
        let start = ContinuousClock.now
        let beams = try await engine.searchBeams(job.request)
        for index in 0..<job.numAnswers {
            var reader = job.reader
            // Fewer answers than beams end only when the vocabulary has fewer tokens.
            let events = beams.indices.contains(index) ? beams[index].events : [.finished(.length)]
            for event in [.started(numCached: 0, logprobs: nil)] + events {
                let piece = reader.read(event)
                continuation.yield((first + index, piece))
                guard let end = piece.end else { continue }
                metrics.recordEnd(
                    end.reason.rawValue, seconds: start.duration(to: .now) / .seconds(1), secondsBetweenTokens: nil)
                break
            }
        }
    }

    private static func run(
        _ request: GenerationRequest, _ reader: AnswerReader, _ index: Int, _ engine: any GenerationEngine,
        _ metrics: Metrics, _ continuation: AsyncThrowingStream<Item, any Error>.Continuation
    ) async throws {
        var reader = reader
        let start = ContinuousClock.now
        var first: Duration?
        var numTokens = 0
        for try await event in engine.generate(request) {
            let piece = reader.read(event)
            numTokens += piece.numTokens
            if first == nil, piece.numTokens > 0 {
                let time = start.duration(to: .now)
                first = time
                metrics.record(firstTokenSeconds: time / .seconds(1))
            }
            if let end = piece.end {
                let total = start.duration(to: .now)
                let between = first.flatMap {
                    numTokens > 1 ? ((total - $0) / .seconds(1)) / Double(numTokens - 1) : nil
                }
                metrics.recordEnd(end.reason.rawValue, seconds: total / .seconds(1), secondsBetweenTokens: between)
            }
            continuation.yield((index, piece))
            // A stop string: the engine's stream is dropped, which ends the request.
            if piece.end != nil { return }
        }
        try Task.checkCancellation()
        throw APIError(500, "the engine ended an answer without saying why", type: "server_error")
    }
}

/// A whole answer, gathered from its pieces.
struct Answer: Sendable {
    var piece = AnswerPiece()

    mutating func append(_ next: AnswerPiece) {
        piece.thought += next.thought
        piece.text += next.text
        piece.calls += next.calls
        piece.tokens += next.tokens
        piece.tokenIDs += next.tokenIDs
        piece.prompt = next.prompt ?? piece.prompt
        piece.thoughtClosing = next.thoughtClosing ?? piece.thoughtClosing
        piece.end = next.end ?? piece.end
    }
}

/// Token counts as OpenAI reports them.
struct Usage: Sendable {
    var numPrompt = 0
    var numAnswer = 0
    var numCached = 0

    mutating func add(_ piece: AnswerPiece) {
        numAnswer += piece.numTokens
        numCached = max(numCached, piece.prompt?.numCached ?? 0)
    }
}
