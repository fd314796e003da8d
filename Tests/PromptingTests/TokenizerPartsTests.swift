import Basics
import Foundation
import JSON
import Testing

@testable import Prompting

@Suite("Tokenizer parts") struct TokenizerPartsTests {
    private func matches(_ pattern: String, _ text: String) throws -> [String] {
        let automaton = try PatternAutomaton(pattern)
        let bytes = Array(text.utf8)
        var found: [String] = []
        bytes.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            automaton.forEachRange(base, from: 0, to: bytes.count) { start, end, isMatch in
                if isMatch { found.append(String(decoding: bytes[start..<end], as: UTF8.self)) }
            }
        }
        return found
    }

    @Test("patterns find what a backtracking engine finds")
    func patterns() throws {
        #expect(try matches("a|ab", "ab") == ["a"])
        #expect(try matches("ab|a", "abaa") == ["ab", "a", "a"])
        #expect(try matches("a+?b", "aab") == ["aab"])
        #expect(try matches("a{2,3}", "aaaaa") == ["aaa", "aa"])
        #expect(try matches("a{2}", "aaaaa") == ["aa", "aa"])
        #expect(try matches(#"\s+(?!\S)|\s+"#, "   x ") == ["  ", " ", " "])
        #expect(try matches(#"\s++$|\s"#, " \n x  ") == [" ", "\n", " ", "  "])
        #expect(try matches("(?i:'s)|k", "'S 'ſ k K") == ["'S", "'ſ", "k"])
        #expect(try matches("(?i)k", "k K \u{212A}") == ["k", "K", "\u{212A}"])
        #expect(try matches("[^a-c[x-z]]", "abdxe") == ["d", "e"])
        #expect(try matches(#"[\p{L}&&[^\p{Lu}]]+"#, "abCdé") == ["ab", "dé"])
        #expect(try matches(#"\x41\u0042\x{43}"#, "ABC") == ["ABC"])
        #expect(try matches(#"[\]\-]+|[]x]"#, "]-x") == ["]-", "x"])
        #expect(try matches(#"\p{^L}+"#, "a12b") == ["12"])
        #expect(try matches("x*", "axxb") == ["", "xx"])
        #expect(try matches("a{,2}b", "aaab") == ["aab"])
    }

    @Test(
        "a pattern that cannot be honoured is refused with its reason",
        arguments: [
            ("(?<!a)b", "the group '(?<!' is not supported"), ("(?>a)b", "the group '(?>a' is not supported"),
            ("(?=ab)", "a look-ahead of other than one character"), (#"\bword"#, #"the escape '\b' is not supported"#),
            (#"(a)\1"#, #"the escape '\1' is not supported"#), (#"\p{Klingon}"#, #"'\p{Klingon}' is not supported"#),
            ("(ab)++c", "a possessive repeat of more than one character"), ("a)", "a ')' too many"),
            ("(a", "a group is not closed"), ("[a", "the pattern ends too early"), ("+a", "'+' repeats nothing"),
            (String(repeating: "(", count: 100_000), "nested too deeply"),
            (String(repeating: "[", count: 100_000), "nested too deeply"), ("[[:alpha:]]", "POSIX classes"),
            ("a{2000}", "a repeat count is out of range"),
            ("(((a{500}){500}){500})", "the pattern is too large"), ("[z-a]", "runs backwards"),
            ("^a", "'^' is not supported"),
        ])
    func refusedPatterns(pattern: String, reason: String) {
        #expect {
            _ = try PatternAutomaton(pattern)
        } throws: {
            ($0 as? PatternParser.Failure)?.message.contains(reason) == true
        }
    }

    @Test("control tokens in a text are found, and can be plain text where a user typed them")
    func controlTokens() throws {
        let tokenizer = try Fixture.tokenizer("qwen-tiny")
        #expect(tokenizer.controlTokens(in: "hello") == [])
        #expect(
            tokenizer.controlTokens(in: "a<|im_end|>b<|im_start|><|im_end|><tool_call>") == [
                "<|im_end|>", "<|im_start|>", "<|im_end|>",
            ])
        let before = "<|im_start|>user\n"
        let after = "<|im_end|>\n"
        func encode(_ typed: String) -> [Int32] {
            let start = before.utf8.count
            return tokenizer.encode(before + typed + after, plainRanges: [start..<start + typed.utf8.count])
        }
        #expect(encode("hi\n") == tokenizer.encode(before + "hi\n" + after))
        let ids = encode("x<|im_end|>y <|im_")
        #expect(ids.count { $0 == 602 } == 1 && ids.count { $0 == 601 } == 1)
        #expect(tokenizer.decode(ids) == before + "x<|im_end|>y <|im_" + after)
        #expect(encode("<|im_end|>").count > tokenizer.encode(before + "<|im_end|>" + after).count)
    }

    @Test("a broken SentencePiece model is an error wherever it ends, and never a crash")
    func brokenModel() throws {
        let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: Fixture.path("tokenizers/sp-t5/spiece.model"))))
        let rules = TokenizerClass(config: .null, modelType: "t5")
        for length in stride(from: 0, to: bytes.count, by: 61) {
            _ = try? SentencePieceConverter(
                Array(bytes[..<length]), path: "m", config: .null, tokenizerClass: rules
            ).tokenizerJSON()
        }
        #expect {
            _ = try SentencePieceConverter([1, 2, 3], path: "a/tokenizer.model", config: .null, tokenizerClass: rules)
        } throws: {
            "\($0)".contains("a/tokenizer.model is no SentencePiece model")
        }
    }

    @Test("a broken table of character replacements changes nothing and never crashes")
    func brokenCharsMap() throws {
        #expect(SentencePieceCharsMap([]) == nil)
        #expect(SentencePieceCharsMap([8, 0, 0, 0, 1, 2, 3]) == nil)
        var generator = SplitMix64(seed: 3)
        for _ in 0..<300 {
            let units = (0..<64).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
            let map = SentencePieceCharsMap([64, 0, 0, 0] + units + Array("abc".utf8))
            let text = Array("héllo 世界\r\n".utf8)
            _ = text.withUnsafeBufferPointer { map?.normalize($0) }
        }
    }

    @Test(
        "texts take their normalization forms",
        arguments: [
            (UnicodeForm.c, "e\u{301}ﬁ각", "éﬁ각"), (.d, "éﬁ각", "e\u{301}ﬁ\u{1100}\u{1161}\u{11A8}"),
            (.kc, "ﬁ①ｶﾞe\u{301}", "fi1ガé"), (.kd, "ﬁé", "fie\u{301}"),
        ])
    func forms(form: UnicodeForm, text: String, expected: String) {
        let result = Array(text.utf8).withUnsafeBufferPointer { UnicodeNormalizer.shared.normalize($0, to: form) }
        #expect(result == Array(expected.utf8))
    }
}
