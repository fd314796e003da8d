/// How several answers are followed at once; the names in parentheses are transformers'.
public struct BeamSettings: Sendable, Equatable {
    /// When a search ends that has as many finished answers as beams (`early_stopping`).
    public enum Ending: Sendable, Equatable {
        /// At once (true).
        case early
        /// When the best open answer, at its present length, is worse than the worst finished one (false).
        case guessed
        /// When no open answer can become better at any length ("never").
        case certain
    }

    /// Answers that are followed (`num_beams`).
    public var numBeams: Int
    /// An answer's score is the sum of its log-probabilities over its length to this power (`length_penalty`).
    public var lengthPenalty: Double
    public var ending: Ending

    public init(numBeams: Int, lengthPenalty: Double = 1, ending: Ending = .guessed) {
        self.numBeams = numBeams
        self.lengthPenalty = lengthPenalty
        self.ending = ending
    }
}

/// An answer of a beam search.
public struct Beam: Sendable {
    /// With the token that ended it.
    public var tokens: [(token: TokenLogprob, likeliest: [TokenLogprob])]
    /// Sum of log-probabilities; for a finished answer over its length to the power of the length penalty.
    public var score: Float
    /// The token that ended it; nil where it reached its longest length.
    public var stopID: Int32?
}
