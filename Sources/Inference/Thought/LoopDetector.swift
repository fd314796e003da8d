/// Tells when a text goes round in circles, token by token and at a constant cost for each.
///
/// A circle is either exact, the same tokens three times over (at least `fewestRepeated` of them), or loose: nearly all
/// short pieces of the last `window` tokens have been there twice before, as when only a number changes from round to round.
struct LoopDetector: Sendable {
    /// Longest exact circle in tokens.
    static let longestPeriod = 512
    /// Repeated tokens below which a circle is a manner of writing: a rule of dashes, an indentation.
    static let fewestRepeated = 64
    /// Tokens of a piece.
    static let piece = 6
    static let window = 256
    /// Share of the window's pieces that must be known.
    static let share = 0.85

    private var tokens: [Int32] = []
    /// For each period, how many of the last tokens equal the token a period before.
    private var runs = [Int](repeating: 0, count: longestPeriod + 1)
    private var counts: [[Int32]: Int] = [:]
    private var isKnown: [Bool] = []
    private var numKnown = 0

    /// Takes a token; whether the text repeats itself now.
    mutating func append(_ id: Int32) -> Bool {
        tokens.append(id)
        let count = tokens.count
        var repeats = false
        for period in 1...Self.longestPeriod {
            guard count > period else { break }
            runs[period] = tokens[count - 1 - period] == id ? runs[period] + 1 : 0
            if runs[period] >= max(2 * period, Self.fewestRepeated) { repeats = true }
        }
        return appendPiece() || repeats
    }

    private mutating func appendPiece() -> Bool {
        guard tokens.count >= Self.piece else { return false }
        let piece = Array(tokens.suffix(Self.piece))
        let before = counts[piece, default: 0]
        counts[piece] = before + 1
        isKnown.append(before >= 2)
        if before >= 2 { numKnown += 1 }
        if isKnown.count > Self.window, isKnown[isKnown.count - 1 - Self.window] { numKnown -= 1 }
        return isKnown.count >= Self.window && Double(numKnown) >= Self.share * Double(Self.window)
    }
}
