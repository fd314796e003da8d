public import Prompting

/// Watches a thought while it is written and closes it: when its budget is spent, or when it goes round in circles.
///
/// The engine writes the closing words in the model's place; what the model writes after them is its own again.
public struct ThoughtGuard: Sendable {
    /// Why a thought was closed for the model.
    public enum Closing: String, Sendable, Codable {
        /// The thought had as many tokens as it may have.
        case budget
        /// The thought repeated itself.
        case loop
    }

    /// Why the thought was closed; nil while it was not.
    public private(set) var closing: Closing?
    private let budget: Int?
    private var loop: LoopDetector?
    private let closingIDs: [Int32]
    private var text: StreamingDetokenizer
    private var place: ThoughtSplitter
    private var numTokens = 0

    /// - Parameters:
    ///   - words: what stands around a thought.
    ///   - isOpen: whether the prompt has opened the thought already.
    ///   - budget: tokens the thought may have, its words not counted; nil for any number.
    ///   - stopsLoops: whether a thought that repeats itself is closed.
    public init(_ words: ThoughtWords, tokenizer: Tokenizer, isOpen: Bool, budget: Int?, stopsLoops: Bool) {
        self.budget = budget
        loop = stopsLoops ? LoopDetector() : nil
        closingIDs = tokenizer.encode(words.close)
        text = StreamingDetokenizer(tokenizer, skipSpecialTokens: false)
        place = ThoughtSplitter(words, isOpen: isOpen)
    }

    /// What must be written before the model's first token: the closing words where the prompt has opened a thought that
    /// may have no token.
    mutating func begin() -> [Int32] {
        guard budget == 0, place.isThinking else { return [] }
        return close(.budget)
    }

    /// Takes a token that the model wrote; what must be written after it.
    mutating func accept(_ id: Int32) -> [Int32] {
        guard closing == nil, !place.hasEnded else { return [] }
        let wasThinking = place.isThinking
        _ = place.append(text.append(id))
        guard place.isThinking else { return [] }
        if wasThinking {
            numTokens += 1
            if loop?.append(id) == true { return close(.loop) }
        }
        if let budget, numTokens >= budget { return close(.budget) }
        return []
    }

    private mutating func close(_ reason: Closing) -> [Int32] {
        closing = reason
        return closingIDs
    }
}

extension PromptEncoder {
    /// What watches the thought of an answer; nil where nothing is asked for or the model does not think.
    public func thoughtGuard(_ sampling: SamplingSettings, after prompt: Prompt) -> ThoughtGuard? {
        guard template.isReasoning, sampling.thinkingBudget != nil || sampling.stopsThoughtLoops else { return nil }
        return ThoughtGuard(
            template.thoughtWords, tokenizer: tokenizer, isOpen: opensThought(prompt), budget: sampling.thinkingBudget,
            stopsLoops: sampling.stopsThoughtLoops)
    }

    /// Whether the prompt ends inside a thought, so that the answer begins with it.
    public func opensThought(_ prompt: Prompt) -> Bool {
        guard template.isReasoning else { return false }
        let end = tokenizer.decode(Array(prompt.tokenIDs.suffix(32)))
        return end.trimmingEnd.hasSuffix(template.thoughtWords.open.trimmingEnd)
    }

    /// The request for an answer to a prompt, with what the sampling settings ask for beside the prompt.
    public func request(_ prompt: Prompt, sampling: SamplingSettings, stream: UInt64 = 0) -> GenerationRequest {
        var request = GenerationRequest(prompt: prompt, sampling: sampling, stopIDs: stopIDs, stream: stream)
        request.thoughts = thoughtGuard(sampling, after: prompt)
        return request
    }
}
