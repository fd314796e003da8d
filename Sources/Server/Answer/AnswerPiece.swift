import Inference
import JSON
import Prompting

/// What the next event adds to an answer, as a client sees it.
struct AnswerPiece: Sendable {
    var thought = ""
    var text = ""
    var calls: [FunctionCall] = []
    /// The tokens behind it, with the likeliest ones beside each.
    var tokens: [(token: TokenLogprob, likeliest: [TokenLogprob])] = []
    /// All that the model wrote, the token that ended the answer included.
    var tokenIDs: [Int32] = []
    var numTokens: Int { tokenIDs.count }
    /// Set in the first piece: what the prompt's tokens were worth, and how many were known already.
    var prompt: (numCached: Int, logprobs: [[TokenLogprob]]?)?
    /// Set where the thought is closed for the model.
    var thoughtClosing: ThoughtGuard.Closing?
    /// Set in the last piece.
    var end: AnswerEnd?

    var isEmpty: Bool {
        thought.isEmpty && text.isEmpty && calls.isEmpty && tokens.isEmpty && thoughtClosing == nil && end == nil
    }
}

/// Why an answer ended.
struct AnswerEnd: Sendable, Equatable {
    enum Reason: String, Sendable {
        case stop, length
        /// vLLM's, for an answer that repeats itself.
        case repetition
        case toolCalls = "tool_calls"
        /// The server takes no more.
        case abort
    }

    var reason: Reason
    /// The stop string that was found.
    var stopString: String?
    /// The token of `stop_token_ids` that was written.
    var stopID: Int32?

    /// vLLM's `stop_reason`: null where the model ended its turn by itself.
    var stopReason: JSONValue {
        if reason == .repetition { return "repetition_detected" }
        return stopString.map(JSONValue.string) ?? stopID.map { .int(Int($0)) } ?? .null
    }
}

/// Turns the events of one answer into pieces: characters, stop strings, thoughts, tool calls.
struct AnswerReader: Sendable {
    private var text: AnswerText
    private var thoughts: ThoughtSplitter?
    private var calls: CallSplitter?
    private var callsSeen = false
    private let reportsTokens: Bool
    /// A call is asked for by name: it ends as "stop", as OpenAI's does.
    private let endsAsStop: Bool
    /// The request's own stop tokens: those are named when they end the answer.
    private let stopIDs: Set<Int32>

    init(
        _ text: AnswerText, thoughts: ThoughtSplitter? = nil, calls: CallSplitter? = nil, reportsTokens: Bool,
        endsAsStop: Bool = false, stopIDs: Set<Int32> = []
    ) {
        self.stopIDs = stopIDs
        self.text = text
        self.thoughts = thoughts
        self.calls = calls
        self.reportsTokens = reportsTokens
        self.endsAsStop = endsAsStop
    }

    /// The piece an event makes; the last one has an end.
    mutating func read(_ event: GenerationEvent) -> AnswerPiece {
        var piece = AnswerPiece()
        switch event {
        case .started(let numCached, let logprobs): piece.prompt = (numCached, logprobs)
        case .token(let token, let likeliest):
            piece.tokenIDs = [token.id]
            if reportsTokens { piece.tokens = [(token, likeliest)] }
            split(text.append(token.id), isLast: false, &piece)
            if text.stopFound != nil { end(.stop, nil, &piece) }
        case .thoughtClosed(let closing): piece.thoughtClosing = closing
        case .finished(let finish, let stopID):
            // The token that ended the answer was computed, too, and counts as in vLLM and LLaMA-Factory.
            if finish == .stop, let stopID { piece.tokenIDs = [stopID] }
            let rest = text.finish(stopID: stopID)
            split(rest, isLast: false, &piece)
            end(finish, stopID, &piece)
        }
        return piece
    }

    private mutating func end(_ finish: Completion.Finish, _ stopID: Int32?, _ piece: inout AnswerPiece) {
        split("", isLast: true, &piece)
        let reason: AnswerEnd.Reason =
            switch finish {
            case _ where text.stopFound != nil: .stop
            case .stop: .stop
            case .length: .length
            case .repetition: .repetition
            case .cancelled: .abort
            }
        let isCall = callsSeen && !endsAsStop && reason == .stop
        piece.end = AnswerEnd(
            reason: isCall ? .toolCalls : reason, stopString: text.stopFound,
            stopID: text.stopFound == nil ? stopID.flatMap { stopIDs.contains($0) ? $0 : nil } : nil)
    }

    private mutating func split(_ text: String, isLast: Bool, _ piece: inout AnswerPiece) {
        var answer = text
        if thoughts != nil {
            var parts = thoughts?.append(text) ?? .init()
            if isLast, let rest = thoughts?.finish() {
                parts.thought += rest.thought
                parts.answer += rest.answer
            }
            piece.thought += parts.thought
            answer = parts.answer
        }
        guard calls != nil else {
            piece.text += answer
            return
        }
        for isEnd in isLast ? [false, true] : [false] {
            guard let parts = isEnd ? calls?.finish() : calls?.append(answer) else { continue }
            piece.text += parts.text
            piece.calls += parts.calls
        }
        if !piece.calls.isEmpty { callsSeen = true }
    }
}
