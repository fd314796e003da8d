import CCairo

/// Which installed font can draw a text.
struct FontChoice: Sendable, Equatable {
    /// The family to draw with.
    let family: String
    /// Whether the family has a glyph for every character of the text.
    let isComplete: Bool

    static let standardFamily = "DejaVu Sans"

    /// A piece of a text that one font draws.
    struct Run: Sendable, Equatable {
        let family: String
        var text: String
    }

    /// Cuts a text into pieces by the font that has their characters. A character that no font has becomes a question
    /// mark: cairo would draw an empty box.
    static func runs(of text: String) -> [Run] {
        if text.utf8.allSatisfy({ $0 < 0x80 }) { return [Run(family: standardFamily, text: text)] }
        let whole = FontChoice(for: String(text.filter { !$0.isASCII }))
        var runs: [Run] = []
        for character in text {
            var (family, piece) = (standardFamily, String(character))
            if !character.isASCII {
                let choice = whole.isComplete ? whole : FontChoice(for: piece)
                if choice.isComplete { family = choice.family } else { piece = "?" }
            }
            if runs.last?.family == family {
                runs[runs.count - 1].text += piece
            } else {
                runs.append(Run(family: family, text: piece))
            }
        }
        return runs
    }

    /// Asks fontconfig for the family nearest to the standard one that has all characters of `text`.
    init(for text: String) {
        let scalars = text.unicodeScalars.filter { !$0.isASCII && $0.value > 0x20 }
        // ASCII is in every font, and asking costs a scan of the font cache.
        guard !scalars.isEmpty, let pattern = FcPatternCreate(), let needed = FcCharSetCreate() else {
            self.init(family: Self.standardFamily, isComplete: scalars.isEmpty)
            return
        }
        defer {
            FcCharSetDestroy(needed)
            FcPatternDestroy(pattern)
        }
        for scalar in scalars { FcCharSetAddChar(needed, scalar.value) }
        FcPatternAddString(pattern, FC_FAMILY, Array(Self.standardFamily.utf8) + [0])
        FcPatternAddCharSet(pattern, FC_CHARSET, needed)
        FcPatternAddBool(pattern, FC_SCALABLE, FcBool(1))
        FcConfigSubstitute(nil, pattern, FcMatchPattern)
        FcDefaultSubstitute(pattern)
        var outcome = FcResultMatch
        guard let font = FcFontMatch(nil, pattern, &outcome) else {
            self.init(family: Self.standardFamily, isComplete: false)
            return
        }
        defer { FcPatternDestroy(font) }
        var available: OpaquePointer?
        var family: UnsafeMutablePointer<FcChar8>?
        guard FcPatternGetCharSet(font, FC_CHARSET, 0, &available) == FcResultMatch, let available,
            FcPatternGetString(font, FC_FAMILY, 0, &family) == FcResultMatch, let family
        else {
            self.init(family: Self.standardFamily, isComplete: false)
            return
        }
        let isComplete = FcCharSetIsSubset(needed, available) != 0
        self.init(family: isComplete ? String(cString: family) : Self.standardFamily, isComplete: isComplete)
    }

    private init(family: String, isComplete: Bool) {
        self.family = family
        self.isComplete = isComplete
    }
}
