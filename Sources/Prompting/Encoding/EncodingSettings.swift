/// What a run decides about encoding; the names in parentheses are LLaMA-Factory's keys.
public struct EncodingSettings: Sendable, Hashable {
    /// Tokens an example may have (`cutoff_len`).
    public var cutoffLength: Int
    /// Train on prompts, too (`train_on_prompt`).
    public var trainsOnPrompt: Bool
    /// Train on the last answer only, and keep the last turns when not all fit (`mask_history`).
    public var masksHistory: Bool
    /// Reasoning templates: true trains empty thoughts, nil puts them in the prompt, false also removes thoughts
    /// (`enable_thinking`).
    public var enableThinking: Bool?
    /// Reasoning templates: keep the thoughts of earlier answers (`preserve_thinking`).
    public var preservesThinking: Bool
    /// Special tokens in the text are plain text (`split_special_tokens`).
    public var splitsSpecialTokens: Bool
    /// What the parts of answers weigh in the loss (ms-swift's `loss_scale`).
    public var lossScale: LossScale

    public init(
        cutoffLength: Int = 2048, trainsOnPrompt: Bool = false, masksHistory: Bool = false,
        enableThinking: Bool? = true, preservesThinking: Bool = false, splitsSpecialTokens: Bool = false,
        lossScale: LossScale = .answers
    ) {
        self.cutoffLength = cutoffLength
        self.trainsOnPrompt = trainsOnPrompt
        self.masksHistory = masksHistory
        self.enableThinking = enableThinking
        self.preservesThinking = preservesThinking
        self.splitsSpecialTokens = splitsSpecialTokens
        self.lossScale = lossScale
    }

    /// Whether an answer is learned.
    ///
    /// - Parameter isLast: it stands in the last turn.
    func learns(_ answer: Message, isLast: Bool) -> Bool {
        answer.loss ?? (isLast || !(masksHistory || lossScale.base == .lastRound))
    }
}
