/// transformers' `clean_up_tokenization`: no space before punctuation and English contractions, at once or piece by piece.
struct SpaceCleanup: Sendable {
    private static let cuts = [
        (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"), (" 's", "'s"),
        (" 've", "'ve"), (" 're", "'re"),
    ]

    /// A whole text.
    static func cleaned(_ text: String) -> String {
        cuts.reduce(text) { $0.replacingBytes($1.0, with: $1.1) }
    }

    /// What later text can still change.
    private var held: [UInt8] = []

    /// The text that is certain with this one.
    mutating func push(_ text: String) -> String {
        held += text.utf8
        var place = held.count
        while place > 0, !isSafe(place) { place -= 1 }
        guard place > 0 else { return "" }
        defer { held.removeFirst(place) }
        return Self.cleaned(String(decoding: held[..<place], as: UTF8.self))
    }

    /// The rest.
    mutating func finish() -> String {
        defer { held = [] }
        return Self.cleaned(String(decoding: held, as: UTF8.self))
    }

    /// Whether both sides of a place may be cleaned apart. What is cut begins with a space and has at most four bytes, so four
    /// others before the place will do; or a space behind it, which ends only " ' ", unless " ' " leaves a rest of " n't" behind it.
    private func isSafe(_ place: Int) -> Bool {
        let space = UInt8(ascii: " ")
        if place >= 4, !held[place - 4..<place].contains(space) {
            // Characters are never taken apart.
            return place == held.count || held[place] & 0xC0 != 0x80
        }
        guard place < held.count, held[place] == space else { return false }
        let last = held[place - 1], isNegation = last == UInt8(ascii: "n") && (place < 2 || held[place - 2] == space)
        return last != space && last != UInt8(ascii: "'") && !isNegation
    }
}
