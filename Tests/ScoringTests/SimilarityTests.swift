import Foundation
import JSON
import Testing

@testable import Scoring

struct SimilarityTests {
    private func check(_ key: String, _ segmenter: any WordSegmenter) throws -> Int {
        let cases = try Fixture.json("similarity").objects(key)
        for one in cases {
            let predict = one["predict"]?.stringValue ?? "", label = one["label"]?.stringValue ?? ""
            let rouge = ROUGE(prediction: predict, reference: label, words: segmenter)
            let scores = [BLEU.score(prediction: predict, reference: label), rouge.rouge1, rouge.rouge2, rouge.rougeL]
            #expect(
                scores.map { Figures.rounded($0 * 100, places: 4) } == one.numbers("scores"),
                "\(predict.debugDescription) for \(label.debugDescription)")
        }
        return cases.count
    }

    @Test("BLEU and ROUGE of texts without Chinese equal LLaMA-Factory's")
    func latin() throws { #expect(try check("latin", CharacterSegmenter()) == 137) }

    @Test("Chinese without jieba's dictionary counts every character")
    func characters() throws { #expect(try check("characters", CharacterSegmenter()) == 8) }

    @Test("Words without Chinese characters are jieba's")
    func words() throws {
        for one in try Fixture.json("similarity").objects("words") {
            let text = one["text"]?.stringValue ?? ""
            let words = CharacterSegmenter().words(text).map { String(String.UnicodeScalarView($0)) }
            #expect(
                words.map { Array($0.utf8) } == one.strings("words").map { Array($0.utf8) }, "\(text.debugDescription)")
        }
    }

    @Test("Means are those of rounded rows, and the name says what ROUGE counts")
    func means() throws {
        let cases = try Fixture.json("similarity").objects("latin")
        let pairs = cases.map { ($0["predict"]?.stringValue ?? "", $0["label"]?.stringValue ?? "") }
        let result = TextSimilarity(pairs.map { (prediction: $0, label: $1) }, segmenter: nil)
        let means = (0..<4).map { column in Figures.mean(cases.map { $0.numbers("scores")[column] }) }
        #expect(result.values.map(\.value) == means)
        #expect(result.values.map(\.name) == ["bleu-4", "rouge-1", "rouge-2", "rouge-l"])
        let chinese = TextSimilarity([(prediction: "好", label: "好")], segmenter: nil)
        #expect(chinese.values.map(\.name) == ["bleu-4", "rouge-char-1", "rouge-char-2", "rouge-char-l"])
    }
}
