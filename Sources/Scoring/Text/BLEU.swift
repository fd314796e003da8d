import Foundation

/// BLEU-4 of one answer as LLaMA-Factory computes it: nltk's `sentence_bleu` over single characters (code points) with
/// smoothing method 3 (nltk/translate/bleu_score.py).
public enum BLEU {
    /// From 0 to 1.
    public static func score(prediction: String, reference: String) -> Double {
        let hypothesis = Array(prediction.unicodeScalars), reference = Array(reference.unicodeScalars)
        guard !hypothesis.isEmpty else { return 0 }
        let matches = (1...4).map { numMatches(hypothesis, reference, $0) }
        guard matches[0] > 0 else { return 0 }
        // Orders without a match count as 1/2, 1/4, … of a match.
        var halving = 1.0
        var logarithms = 0.0
        for (index, numMatching) in matches.enumerated() {
            let total = Double(max(1, hypothesis.count - index))
            if numMatching == 0 { halving *= 2 }
            logarithms += 0.25 * log(numMatching == 0 ? 1 / (halving * total) : Double(numMatching) / total)
        }
        let ratio = Double(reference.count) / Double(hypothesis.count)
        return (hypothesis.count > reference.count ? 1 : exp(1 - ratio)) * exp(logarithms)
    }

    /// How many n-grams of the hypothesis the reference has, each counted as often as the reference has it.
    private static func numMatches(_ hypothesis: [Unicode.Scalar], _ reference: [Unicode.Scalar], _ order: Int) -> Int {
        guard hypothesis.count >= order, reference.count >= order else { return 0 }
        /// Code points have 21 bits: four fit into 84.
        func grams(_ text: [Unicode.Scalar]) -> [UInt128: Int] {
            var counts: [UInt128: Int] = [:]
            for start in 0...text.count - order {
                var key: UInt128 = 0
                for scalar in text[start..<start + order] { key = key << 21 | UInt128(scalar.value) }
                counts[key, default: 0] += 1
            }
            return counts
        }
        let known = grams(reference)
        return grams(hypothesis).reduce(0) { $0 + min($1.value, known[$1.key] ?? 0) }
    }
}
