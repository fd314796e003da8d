/// One of ms-swift's rules: words after which text weighs differently, or patterns that weigh differently themselves.
struct LossScaleRule: Sendable, Hashable {
    /// A word, its weight, and the weight of what follows up to the next word.
    struct Word: Sendable, Hashable {
        let word: String
        let weight: Float
        let following: Float
    }

    /// What a pattern is made of.
    enum Pattern: Sendable, Hashable {
        /// From one word to the next other one, with something between.
        case enclosed(String, String)
        /// At the beginning of a piece.
        case leading([Part])
    }

    enum Part: Sendable, Hashable {
        case text(String)
        /// Any white space.
        case spaces
        case optionalNewline
    }

    let name: String
    var words: [Word] = []
    var patternList: [Pattern] = []
    var patternWeight: Float = 1
    /// When the prompt holds one of these, the whole answer weighs `queryWeight`.
    var queryWords: [String] = []
    var queryWeight: Float = 1

    func pieces(of text: String, query: String) -> [WeightedText] {
        if queryWords.contains(where: query.bytesContain) { return [WeightedText(text: text, weight: queryWeight)] }
        return words.isEmpty ? matches(text) : wordPieces(text)
    }

    private func wordPieces(_ text: String) -> [WeightedText] {
        let bytes = Array(text.utf8)
        let words = words.map { (bytes: Array($0.word.utf8), word: $0) }
        var pieces: [WeightedText] = []
        var start = 0, weight: Float = 1, isFirst = true
        func close(at end: Int) {
            // Before the first word an empty piece is none.
            if !isFirst || end > start {
                pieces.append(WeightedText(text: String(decoding: bytes[start..<end], as: UTF8.self), weight: weight))
            }
        }
        var place = 0
        while place < bytes.count {
            guard let found = words.first(where: { bytes[place...].starts(with: $0.bytes) }) else {
                place += 1
                continue
            }
            close(at: place)
            pieces.append(WeightedText(text: found.word.word, weight: found.word.weight))
            place += found.bytes.count
            (start, weight, isFirst) = (place, found.word.following, false)
        }
        close(at: bytes.count)
        return pieces
    }

    /// Cuts at the patterns. As in ms-swift a piece weighs as a pattern when it begins with one, whether it ends with it
    /// or not.
    private func matches(_ text: String) -> [WeightedText] {
        let scalars = Array(text.unicodeScalars)
        var pieces: [ArraySlice<Unicode.Scalar>] = []
        var start = 0, place = 0
        while place < scalars.count {
            guard let end = patternList.lazy.compactMap({ $0.end(in: scalars[...], from: place) }).first else {
                place += 1
                continue
            }
            pieces += [scalars[start..<place], scalars[place..<end]]
            (start, place) = (end, end)
        }
        pieces.append(scalars[start...])
        return pieces.filter { !$0.isEmpty }.map { piece in
            let isMatch = patternList.contains { $0.end(in: piece, from: piece.startIndex) != nil }
            var text = String.UnicodeScalarView()
            text.append(contentsOf: piece)
            return WeightedText(text: String(text), weight: isMatch ? patternWeight : 1)
        }
    }
}

extension LossScaleRule.Pattern {
    /// Where a match that begins at `start` ends; nil when none does.
    func end(in text: ArraySlice<Unicode.Scalar>, from start: Int) -> Int? {
        switch self {
        case .enclosed(let open, let close):
            guard text[start...].starts(with: open.unicodeScalars) else { return nil }
            var place = start + open.unicodeScalars.count + 1
            while place < text.endIndex {
                if text[place...].starts(with: close.unicodeScalars) { return place + close.unicodeScalars.count }
                place += 1
            }
            return nil
        case .leading(let parts):
            guard start == text.startIndex else { return nil }
            var place = start
            for part in parts {
                switch part {
                case .text(let word):
                    guard text[place...].starts(with: word.unicodeScalars) else { return nil }
                    place += word.unicodeScalars.count
                case .spaces: while place < text.endIndex, Self.isSpace(text[place]) { place += 1 }
                case .optionalNewline: if place < text.endIndex, text[place] == "\n" { place += 1 }
                }
            }
            return place
        }
    }

    /// White space as Python's regular expressions see it.
    private static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isWhitespace || (0x1C...0x1F).contains(scalar.value)
    }
}
