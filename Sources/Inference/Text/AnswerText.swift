public import Prompting

/// Turns the tokens of one answer into text as they come: whole characters only, ended by stop strings.
public struct AnswerText: Sendable {
    private var detokenizer: StreamingDetokenizer
    private var stops: StopStrings
    private let numTokensBeforeStop: Int
    /// Tokens so far.
    public private(set) var numTokens = 0

    /// - Parameter keepsStop: whether a stop string is part of the answer.
    public init(
        _ tokenizer: Tokenizer, sampling: SamplingSettings, stops: [String] = [], keepsStop: Bool = false
    ) {
        detokenizer = StreamingDetokenizer(tokenizer, skipSpecialTokens: sampling.skipSpecialTokens)
        self.stops = StopStrings(stops, keepsMatch: keepsStop)
        numTokensBeforeStop = sampling.minNewTokens
    }

    /// The stop string that ended the answer.
    public var stopFound: String? { stops.found }

    /// The text that is certain with this token.
    public mutating func append(_ id: Int32) -> String {
        numTokens += 1
        return stops.append(detokenizer.append(id), looks: numTokens >= numTokensBeforeStop)
    }

    /// What is left after the last token.
    public mutating func finish() -> String {
        let rest = detokenizer.finish()
        return stops.append(rest, looks: numTokens >= numTokensBeforeStop) + stops.finish()
    }
}
