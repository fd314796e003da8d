import Foundation
import Reporting
import Synchronization

/// BLEU-4 and ROUGE, means over the rows in percent, each row rounded to four decimals as LLaMA-Factory does
/// (scripts/eval_bleu_rouge.py, train/sft/metric.py).
public struct TextSimilarity: Sendable, Equatable {
    public var bleu4 = Double.nan
    public var rouge1 = Double.nan
    public var rouge2 = Double.nan
    public var rougeL = Double.nan
    /// ROUGE counted Chinese characters instead of jieba's words: the figures differ from LLaMA-Factory's.
    public var countsCharacters = false

    /// `rouge` where the words are jieba's, `rouge-char` where Chinese characters stand for words.
    public var rougeName: String { countsCharacters ? "rouge-char" : "rouge" }

    /// Names, as LLaMA-Factory's files have them, with their values.
    public var values: [(name: String, value: Double)] {
        [
            ("bleu-4", bleu4), ("\(rougeName)-1", rouge1), ("\(rougeName)-2", rouge2), ("\(rougeName)-l", rougeL),
        ]
    }

    init(_ pairs: [(prediction: String, label: String)], segmenter: (any WordSegmenter)?) {
        guard !pairs.isEmpty else { return }
        countsCharacters =
            segmenter == nil
            && pairs.contains {
                CharacterSegmenter.hasChinese($0.prediction) || CharacterSegmenter.hasChinese($0.label)
            }
        let words: any WordSegmenter = segmenter ?? CharacterSegmenter()
        let rows = Mutex([[Double]](repeating: [], count: pairs.count))
        let bar = ProgressBar(title: "BLEU and ROUGE", unit: "row", total: pairs.count, delaySeconds: 2)
        DispatchQueue.concurrentPerform(iterations: pairs.count) { index in
            let (prediction, label) = pairs[index]
            let rouge = ROUGE(prediction: prediction, reference: label, words: words)
            let scores = [
                BLEU.score(prediction: prediction, reference: label), rouge.rouge1, rouge.rouge2, rouge.rougeL,
            ].map { Figures.rounded($0 * 100, places: 4) }
            rows.withLock { $0[index] = scores }
            bar.advance()
        }
        bar.finish()
        let all = rows.withLock { $0 }
        bleu4 = Figures.mean(all.map { $0[0] })
        rouge1 = Figures.mean(all.map { $0[1] })
        rouge2 = Figures.mean(all.map { $0[2] })
        rougeL = Figures.mean(all.map { $0[3] })
    }
}
