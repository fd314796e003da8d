/// Cuts a text into words, as code points.
public protocol WordSegmenter: Sendable {
    func words(_ text: String) -> [[Unicode.Scalar]]
}

/// What jieba 0.42.1 cuts without its dictionary: exactly jieba's words where a text has no Chinese characters, and every
/// Chinese character a word of its own.
public struct CharacterSegmenter: WordSegmenter {
    public init() {}

    public func words(_ text: String) -> [[Unicode.Scalar]] {
        JiebaBlocks.words(text, cutBlock: JiebaBlocks.latinWords)
    }

    /// Whether a text has characters that jieba's dictionary is needed for.
    public static func hasChinese(_ text: String) -> Bool {
        text.unicodeScalars.contains { JiebaBlocks.isHan($0) }
    }
}

/// The parts of jieba's algorithm that need no dictionary (jieba/__init__.py `cut`, jieba/finalseg/__init__.py `cut`).
enum JiebaBlocks {
    /// The words without Chinese characters in jieba's dictionary.
    private static let latinDictionary = ["AT&T", "c#", "C#", "c++", "C++"].map { Array($0.unicodeScalars) }

    static func isHan(_ scalar: Unicode.Scalar) -> Bool { (0x4E00...0x9FD5).contains(scalar.value) }

    /// `[a-zA-Z0-9]`.
    static func isLatin(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9": true
        default: false
        }
    }

    /// `[\u4E00-\u9FD5a-zA-Z0-9+#&\._%\-]`: what a dictionary is asked about.
    private static func isBlock(_ scalar: Unicode.Scalar) -> Bool {
        isHan(scalar) || isLatin(scalar) || "+#&._%-".unicodeScalars.contains(scalar)
    }

    /// `jieba.cut`: `cutBlock` cuts what a dictionary may know; other characters are words alone, \r\n together.
    static func words(_ text: String, cutBlock: ([Unicode.Scalar]) -> [[Unicode.Scalar]]) -> [[Unicode.Scalar]] {
        let scalars = Array(text.unicodeScalars)
        var result: [[Unicode.Scalar]] = []
        var index = 0
        while index < scalars.count {
            var end = index
            while end < scalars.count, isBlock(scalars[end]) { end += 1 }
            if end > index {
                result += cutBlock(Array(scalars[index..<end]))
                index = end
            } else if scalars[index] == "\r", index + 1 < scalars.count, scalars[index + 1] == "\n" {
                result.append(["\r", "\n"])
                index += 2
            } else {
                result.append([scalars[index]])
                index += 1
            }
        }
        return result
    }

    /// Cuts a block with the dictionary's words without Chinese characters; Chinese characters stand alone.
    static func latinWords(_ block: [Unicode.Scalar]) -> [[Unicode.Scalar]] {
        var result: [[Unicode.Scalar]] = []
        var rest: [Unicode.Scalar] = []
        func flush() {
            result += unknownWords(rest)
            rest = []
        }
        var index = 0
        while index < block.count {
            if isHan(block[index]) {
                flush()
                result.append([block[index]])
                index += 1
                continue
            }
            if let known = latinDictionary.first(where: { block[index...].starts(with: $0) }) {
                flush()
                result.append(known)
                index += known.count
            } else {
                rest.append(block[index])
                index += 1
            }
        }
        flush()
        return result
    }

    /// finalseg's cut of text without Chinese: `[a-zA-Z0-9]+(?:\.\d+)?%?` are words, and what lies between.
    static func unknownWords(_ text: [Unicode.Scalar]) -> [[Unicode.Scalar]] {
        var result: [[Unicode.Scalar]] = []
        var index = 0
        while index < text.count {
            var end = index
            while end < text.count, isLatin(text[end]) { end += 1 }
            if end > index {
                var fraction = end + 1
                while end < text.count, text[end] == ".", fraction < text.count, ("0"..."9").contains(text[fraction]) {
                    fraction += 1
                }
                if fraction > end + 1 { end = fraction }
                if end < text.count, text[end] == "%" { end += 1 }
            } else {
                while end < text.count, !isLatin(text[end]) { end += 1 }
            }
            result.append(Array(text[index..<end]))
            index = end
        }
        return result
    }
}
