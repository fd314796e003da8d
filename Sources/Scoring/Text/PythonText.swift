/// Python's notions of blanks and code points, which the reference's figures depend on.
enum PythonText {
    /// `str.isspace` of one character.
    static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09...0x0D, 0x1C...0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000:
            true
        default: false
        }
    }

    /// `" ".join(text.split())`.
    static func joinedWords(_ scalars: some Sequence<Unicode.Scalar>) -> [[Unicode.Scalar]] {
        var words: [[Unicode.Scalar]] = []
        var isInWord = false
        for scalar in scalars {
            if isSpace(scalar) {
                isInWord = false
            } else if isInWord {
                words[words.count - 1].append(scalar)
            } else {
                words.append([scalar])
                isInWord = true
            }
        }
        return words
    }
}
