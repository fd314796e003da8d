import Foundation
import Testing

@testable import Demo

@Suite("The demo's tokenizer") struct TokenizerTests {
    @Test("The byte alphabet is GPT-2's")
    func byteAlphabet() {
        #expect(Set(ByteAlphabet.characters).count == 256)
        #expect(ByteAlphabet.text(of: Array("灯 A\n".utf8)) == "çģ¯ĠAĊ")
    }

    @Test("Texts are cut like Qwen2's pre-tokenizer cuts them")
    func pieces() throws {
        let preTokenizer = try PreTokenizer()
        #expect(
            preTokenizer.pieces(of: "规则：灯至少要有12个。 It's fine!\n\n  ok ") == [
                "规则", "：灯至少要有", "1", "2", "个", "。", " It", "'s", " fine", "!\n\n", " ", " ok", " ",
            ])
    }

    @Test("Merges are the most frequent pairs first, ties by token number")
    func merges() {
        let merges = BytePairTrainer(maxMerges: 3).train(pieces: ["abab": 3, "abc": 2, "cd": 3])
        let text = merges.map {
            String(decoding: $0.left, as: UTF8.self) + "+" + String(decoding: $0.right, as: UTF8.self)
        }
        // ab 8, then ab+ab 3 and c+d 3: the pair with the smaller token number wins.
        #expect(text == ["a+b", "c+d", "ab+ab"])
    }

    @Test("A pair seen once is not merged")
    func rarePairs() {
        #expect(BytePairTrainer(maxMerges: 9).train(pieces: ["xy": 1]).isEmpty)
    }

    @Test("Every name of a thing and every fixed part without a break is one token")
    func wholeWords() throws {
        let tokenizer = try DemoTokenizer(fragments: TokenizerText.fragments, maxMerges: 1000)
        let tokens = Set(tokenizer.baseTokens)
        for word in ItemKind.allCases.map(\.word) + SeeingLesson.answerWords + [
            RuleTask.meets, RuleTask.fails, "assistant",
        ] {
            #expect(tokens.contains(ByteAlphabet.text(of: Array(word.utf8))), "\(word)")
        }
        #expect(tokens.count == tokenizer.numBaseTokens)
        #expect(tokenizer.vocabularySize < 600)
    }

    @Test("Special tokens follow the base vocabulary in Qwen2-VL's order")
    func specialTokens() throws {
        let tokenizer = try DemoTokenizer(fragments: TokenizerText.fragments, maxMerges: 1000)
        #expect(tokenizer.id(ofSpecial: "<|endoftext|>") == tokenizer.numBaseTokens)
        #expect(tokenizer.id(ofSpecial: "<|video_pad|>") == tokenizer.vocabularySize - 1)
        #expect(tokenizer.id(ofSpecial: "灯") == nil)
        let file = try #require(try tokenizer.files()["tokenizer.json"])
        let root = try #require(try JSONSerialization.jsonObject(with: file) as? [String: Any])
        let added = try #require(root["added_tokens"] as? [[String: Any]])
        #expect(added.compactMap { $0["content"] as? String } == DemoTokenizer.specialTokens)
        #expect(added.compactMap { $0["id"] as? Int } == Array(tokenizer.numBaseTokens..<tokenizer.vocabularySize))
        let model = try #require(root["model"] as? [String: Any])
        #expect((model["vocab"] as? [String: Int])?.count == tokenizer.numBaseTokens)
        #expect((model["merges"] as? [[String]])?.count == tokenizer.merges.count)
    }
}
