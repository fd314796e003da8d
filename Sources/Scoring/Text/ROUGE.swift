/// ROUGE of one answer as LLaMA-Factory computes it: rouge-chinese 1.0.3 over a text's words joined by blanks.
///
/// ROUGE-1 and ROUGE-2 compare sets of n-grams, ROUGE-L the longest common subsequence of all words; all are F1.
public struct ROUGE: Sendable, Equatable {
    /// From 0 to 1.
    public var rouge1 = 0.0
    public var rouge2 = 0.0
    public var rougeL = 0.0

    /// Scores without words.
    public init() {}

    public init(prediction: String, reference: String, words segmenter: some WordSegmenter) {
        let hypothesis = Self.words(segmenter.words(prediction)), reference = Self.words(segmenter.words(reference))
        guard let hypothesis, let reference else { return }
        // Words become numbers, equal ones the same.
        var numbers: [[Unicode.Scalar]: Int32] = [:]
        func number(_ word: [Unicode.Scalar]) -> Int32 {
            if let known = numbers[word] { return known }
            numbers[word] = Int32(numbers.count)
            return Int32(numbers.count - 1)
        }
        let left = hypothesis.map(number), right = reference.map(number)
        rouge1 = Self.overlap(Set(left), Set(right))
        func pairs(_ words: [Int32]) -> Set<Int64> {
            Set(zip(words, words.dropFirst()).map { Int64($0) << 32 | Int64($1) })
        }
        rouge2 = Self.overlap(pairs(left), pairs(right))
        let common = Self.longestCommonSubsequence(left, right)
        rougeL = Self.f1(common, left.count, right.count)
    }

    private static func overlap<Gram: Hashable>(_ left: Set<Gram>, _ right: Set<Gram>) -> Double {
        f1(left.intersection(right).count, left.count, right.count)
    }

    private static func f1(_ common: Int, _ numLeft: Int, _ numRight: Int) -> Double {
        let precision = numLeft == 0 ? 0 : Double(common) / Double(numLeft)
        let recall = numRight == 0 ? 0 : Double(common) / Double(numRight)
        return 2 * ((precision * recall) / (precision + recall + 1e-8))
    }

    private static func longestCommonSubsequence(_ left: [Int32], _ right: [Int32]) -> Int {
        var row = [Int](repeating: 0, count: right.count + 1)
        for word in left {
            var diagonal = 0
            for (column, other) in right.enumerated() {
                let above = row[column + 1]
                row[column + 1] = word == other ? diagonal + 1 : max(above, row[column])
                diagonal = above
            }
        }
        return row[right.count]
    }

    /// The words after rouge-chinese's cut into sentences; nil for a text without words. A line of blanks between others
    /// is a word without letters there, so it is one here.
    private static func words(_ words: [[Unicode.Scalar]]) -> [[Unicode.Scalar]]? {
        var text = Array(words.joined(separator: [" "]))
        guard text.contains(where: { !PythonText.isSpace($0) }) else { return nil }
        text = cut(
            text, after: { "。！？?".unicodeScalars.contains($0[$1]) ? 1 : 0 },
            before: { !"”’".unicodeScalars.contains($0) })
        text = cut(text, after: { run(of: ".", 6, $0, $1) }, before: { !"”’".unicodeScalars.contains($0) })
        text = cut(text, after: { run(of: "…", 2, $0, $1) }, before: { !"”’".unicodeScalars.contains($0) })
        text = cut(
            text,
            after: { text, index in
                "。！？?".unicodeScalars.contains(text[index]) && index + 1 < text.count
                    && "”’".unicodeScalars.contains(text[index + 1]) ? 2 : 0
            }, before: { !"，。！？?".unicodeScalars.contains($0) })
        while let last = text.last, PythonText.isSpace(last) { text.removeLast() }
        return text.split(separator: "\n").flatMap { sentence -> [[Unicode.Scalar]] in
            let words = PythonText.joinedWords(sentence)
            return words.isEmpty ? [[]] : words
        }
    }

    private static func run(of mark: Unicode.Scalar, _ count: Int, _ text: [Unicode.Scalar], _ index: Int) -> Int {
        index + count <= text.count && text[index..<index + count].allSatisfy { $0 == mark } ? count : 0
    }

    /// Puts a line feed between a mark (`after` gives its length, 0 for none) and a following character of `before`.
    private static func cut(
        _ text: [Unicode.Scalar], after length: ([Unicode.Scalar], Int) -> Int, before isCut: (Unicode.Scalar) -> Bool
    ) -> [Unicode.Scalar] {
        var result: [Unicode.Scalar] = []
        var index = 0
        while index < text.count {
            let count = length(text, index)
            if count > 0, index + count < text.count, isCut(text[index + count]) {
                result += text[index..<index + count]
                result += ["\n", text[index + count]]
                index += count + 1
            } else {
                result.append(text[index])
                index += 1
            }
        }
        return result
    }
}
