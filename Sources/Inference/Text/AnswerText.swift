public import Prompting

/// Turns the tokens of one answer into text as they come: whole characters only, ended by stop strings.
public struct AnswerText: Sendable {
    private var detokenizer: StreamingDetokenizer
    private var stops: StopStrings
    private let keepsStop: Bool
    private let numTokensBeforeStop: Int
    /// Tokens so far.
    public private(set) var numTokens = 0

    /// - Parameter keepsStop: whether the stop string or stop token is part of the answer.
    public init(
        _ tokenizer: Tokenizer, sampling: SamplingSettings, stops: [String] = [], keepsStop: Bool = false
    ) {
        detokenizer = StreamingDetokenizer(tokenizer, skipSpecialTokens: sampling.skipSpecialTokens)
        self.stops = StopStrings(stops, keepsMatch: keepsStop)
        self.keepsStop = keepsStop
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
    ///
    /// - Parameter stopID: the token that ended the answer.
    public mutating func finish(stopID: Int32? = nil) -> String {
        let rest = (keepsStop ? stopID.map { detokenizer.append($0) } ?? "" : "") + detokenizer.finish()
        return stops.append(rest, looks: numTokens >= numTokensBeforeStop) + stops.finish()
    }
}
