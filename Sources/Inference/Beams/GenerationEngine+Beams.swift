extension GenerationEngine {
    /// The best answers of a beam search, the best first; at most as many as there are beams.
    ///
    /// Each step asks the engine for one more token of every open answer: the prefix cache holds what they have in common
    /// with the step before. The ids are those of transformers' `generate(num_beams=…, do_sample=False)`.
    public func searchBeams(_ request: GenerationRequest) async throws -> [Beam] {
        guard let settings = request.sampling.beams else {
            throw InferenceError("a beam search needs num_beams")
        }
        if let problem = request.sampling.beamProblem { throw InferenceError("num_beams: \(problem)") }
        guard request.constraint == nil else {
            throw InferenceError(
                "beam search follows no rule for the answer (response_format, guided_…, required tools)")
        }
        let numPrompt = request.prompt.tokenIDs.count
        let limit = min(request.sampling.limit(promptLength: numPrompt), maxModelLength - numPrompt)
        guard limit > 0 else {
            throw InferenceError("the prompt has \(numPrompt) tokens; prompt and answer may have \(maxModelLength)")
        }
        var search = BeamSearch(
            settings, stopIDs: request.sampling.ignoresStopIDs ? [] : request.stopIDs, maxNewTokens: limit)
        repeat {
            try Task.checkCancellation()
            let streams = search.open.map { beam in
                var step = request
                step.sampling = .greedy(maxNewTokens: 1)
                step.stopIDs = []
                step.numLogprobs = search.numCandidates
                step.prompt = request.prompt.appending(beam.tokens.map(\.token.id))
                return generate(step)
            }
            var likeliest: [[TokenLogprob]] = []
            for stream in streams {
                var tokens: [TokenLogprob] = []
                for try await case .token(_, let found) in stream { tokens = found }
                likeliest.append(tokens)
            }
            // Cancelled streams just end.
            try Task.checkCancellation()
            guard likeliest.allSatisfy({ !$0.isEmpty }) else {
                throw InferenceError("the engine gave no token to a beam search")
            }
            guard search.advance(likeliest) else { break }
        } while true
        return search.answers
    }
}

extension SamplingSettings {
    /// Why a beam search cannot follow these settings; nil where it can.
    public var beamProblem: String? {
        let problems = [
            (isRandom, "draws nothing: add do_sample=false (or temperature 0)"),
            (penalizes, "knows no repetition, presence or frequency penalty"),
            (!logitBias.isEmpty, "knows no logit_bias"), (!bannedSequences.isEmpty, "knows no bad_words"),
            (minNewTokens > 0, "knows no min_tokens"), (repetitionLimit != nil, "knows no repetition_detection"),
            (thinkingBudget != nil || stopsThoughtLoops, "closes no thoughts (thinking_budget, loop_guard)"),
        ]
        return problems.first(where: \.0).map { "beam search \($0.1)" }
    }
}

extension Beam {
    /// The answer as an engine's events.
    public var events: [GenerationEvent] {
        let written = stopID == nil ? tokens[...] : tokens.dropLast()
        return written.map { .token($0.token, likeliest: $0.likeliest) }
            + [.finished(stopID == nil ? .length : .stop, stopID: stopID)]
    }
}
