import Foundation
import Testing

@testable import Prompting

@Suite("Tokenizer") struct TokenizerTests {
    @Test("tokens have ids and names both ways")
    func names() throws {
        let tokenizer = try Fixture.tokenizer("qwen-tiny")
        #expect(tokenizer.id(of: "<|im_end|>") == 602)
        #expect(tokenizer.token(for: 602) == "<|im_end|>")
        #expect(tokenizer.id(of: "Ġof").flatMap(tokenizer.token(for:)) == "Ġof")
        #expect(tokenizer.id(of: "no such token") == nil)
        #expect(tokenizer.id(of: "") == nil)
        #expect(tokenizer.token(for: -1) == nil)
        #expect(tokenizer.token(for: 100_000) == nil)
        #expect(tokenizer.isSpecial(602) && !tokenizer.isSpecial(614))
        #expect(tokenizer.decode([5000, 602]) == "<|im_end|>")
        #expect(tokenizer.eosID == 600 && tokenizer.padID == 600 && tokenizer.bosID == nil)
        #expect(tokenizer.modelMaxLength == 32768)
        #expect(tokenizer.chatTemplate == "{% for m in messages %}{{ m['content'] }}{% endfor %}")
    }

    @Test("a copy that gets tokens leaves the original alone")
    func values() throws {
        let tokenizer = try Fixture.tokenizer("qwen-tiny")
        var copy = tokenizer
        #expect(copy.addTokens(["<new>", "<|im_end|>", "的", "<new>"], special: true) == 2)
        #expect(copy.id(of: "<new>") == 622 && copy.id(of: "的") == 623)
        #expect(copy.vocabularySize == 624 && tokenizer.vocabularySize == 622)
        #expect(copy.encode("a<new>b") == [64, 622, 65])
        #expect(tokenizer.encode("a<new>b").count > 3)
        #expect(copy.decode([64, 622, 65], skipSpecialTokens: true) == "ab")
        #expect(throws: TokenizerError.self) { try copy.check(fitsEmbeddingOf: 622, model: "m") }
        #expect {
            try copy.check(fitsEmbeddingOf: 600, model: "m")
        } throws: {
            "\($0)".contains("ids up to 623 (的)") && "\($0)".contains("600 rows") && "\($0)".contains("resize_vocab")
        }
    }

    @Test("a saved tokenizer reads back the same, with what was added")
    func saving() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tokenizer-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        var tokenizer = try Fixture.tokenizer("qwen-tiny")
        try Template.qwen.fit(&tokenizer)
        try tokenizer.save(to: folder)
        #expect(
            try Data(contentsOf: folder.appendingPathComponent("tokenizer.json"))
                == Data(contentsOf: URL(fileURLWithPath: Fixture.path("qwen-tiny/tokenizer.json"))))
        tokenizer.addTokens(["<new>"], special: false)
        tokenizer.chatTemplate = "new"
        try tokenizer.save(to: folder)
        let again = try Tokenizer(folder: folder.path)
        #expect(again.addedTokens == tokenizer.addedTokens)
        #expect(again.eosID == 602 && again.padID == 600 && again.chatTemplate == "new")
        #expect(again.modelMaxLength == 32768)
        #expect(again.encode("x<new>Paris") == tokenizer.encode("x<new>Paris"))
    }

    @Test(
        "bytes that form no character decode as Rust's lossy conversion does", arguments: ["qwen-tiny", "llama3-tiny"])
    func lossy(name: String) throws {
        struct Golden: Decodable {
            struct Case: Decodable {
                var ids: [Int32]
                var decoded: String
            }
            var garbage: [Case]
        }
        let cases = try Fixture.decode(Golden.self, name + ".json").garbage
        #expect(cases.count == 60)
        let tokenizer = try Fixture.tokenizer(name)
        for item in cases { #expect(tokenizer.decode(item.ids) == item.decoded) }
    }

    @Test(
        "a tokenizer.json that cannot be honoured is refused with its reason",
        arguments: [
            ("\"NFC\"", "\"NFX\"", "normalizer {\"type\": \"NFX\"} is not supported"),
            (#"\\p{N}| ?"#, #"(?<=a)\\p{N}| ?"#, "the group '(?<=' is not supported"),
            ("\"type\":\"BPE\"", "\"type\":\"Chars\"", "model.type \"Chars\" is not supported"),
            ("\"type\":\"BPE\"", "\"type\":\"Unigram\"", "model.vocab of Unigram is not of the form"),
            ("\"dropout\":null", "\"dropout\":0.1", "model.dropout 0.1 is not supported"),
            ("\"merges\":[", "\"merges\":[[\"Ġ\",\"qqqqq\"],", "merge 0 names a token that model.vocab lacks"),
            ("\"merges\":[", "\"merges\":[7,", "expected '\"'"),
            ("\"vocab\":{", "\"vocab\":{\"zzzz\":-5,", "expected an id"),
            ("\"vocab\":{", "\"vocab\":{\"zzzz\":99999999999,", "the id is too large"),
            ("\"merges\":[", "\"merges\":[[\"a\",", "the JSON ends too early"),
            ("\"added_tokens\":[", "\"added_tokens\":[{\"id\":3},", "an entry of added_tokens lacks id or content"),
        ])
    func refused(what: String, by: String, reason: String) throws {
        let path = Fixture.path("qwen-tiny/tokenizer.json")
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let changed = text.replacingOnce(what, with: by)
        #expect(changed != text)
        #expect {
            _ = try Tokenizer(tokenizerJSON: Data(changed.utf8), path: "m/tokenizer.json")
        } throws: {
            $0 is TokenizerError && "\($0)".hasPrefix("m/tokenizer.json: ") && "\($0)".contains(reason)
        }
    }

    @Test("a broken file gives an error wherever it ends, and never a crash")
    func truncated() throws {
        let data = try Data(contentsOf: URL(fileURLWithPath: Fixture.path("qwen-tiny/tokenizer.json")))
        for length in stride(from: 0, to: data.count, by: 97) {
            #expect(throws: TokenizerError.self) { _ = try Tokenizer(tokenizerJSON: data.prefix(length), path: "t") }
        }
    }

    @Test("a folder without tokenizer.json is named in the error")
    func missing() {
        #expect {
            _ = try Tokenizer(folder: "no-such-folder")
        } throws: {
            ($0 as? TokenizerError)?.kind == .fileMissing && "\($0)".contains("no-such-folder/tokenizer.json")
        }
    }

    @Test("spaces before punctuation are removed as transformers' decode does, where the model's files ask for it")
    func cleanup() throws {
        let cases = try Fixture.decode([[String]].self, "cleanup.json")
        #expect(cases.count == 120)
        for item in cases { #expect(SpaceCleanup.cleaned(item[0]) == item[1], "\(item)") }
        #expect(try !Fixture.tokenizer("qwen-tiny").cleansUpSpaces)
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "anneal-cleanup-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let original = try #require(Bundle.module.url(forResource: "Fixtures/qwen-tiny", withExtension: nil))
        try FileManager.default.copyItem(at: original, to: folder)
        let config = folder.appendingPathComponent("tokenizer_config.json")
        try FileManager.default.removeItem(at: config)
        try Data("{\"clean_up_tokenization_spaces\": true}".utf8).write(to: config)
        let tokenizer = try Tokenizer(folder: folder.path)
        #expect(tokenizer.cleansUpSpaces)
        for item in cases {
            let ids = tokenizer.encode(item[0])
            #expect(tokenizer.decode(ids, cleansUp: true) == item[1])
            var stream = StreamingDetokenizer(tokenizer)
            #expect(ids.map { stream.append($0) }.joined() + stream.finish() == item[1])
        }
    }

    @Test("a stream is cleaned up as the whole text is, wherever it is cut, and words are not held back")
    func streamedCleanup() {
        var random = SystemRandomNumberGenerator()
        let alphabet = Array(" ' . n t m s v r e a ? , 你".filter { $0 != " " }) + [" ", " ", " ", " "]
        for _ in 0..<4000 {
            let text = String(
                (0..<Int.random(in: 0...14, using: &random)).map { _ in alphabet.randomElement(using: &random) ?? " " })
            var cleanup = SpaceCleanup(), result = ""
            for character in text { result += cleanup.push(String(character)) }
            result += cleanup.finish()
            #expect(result == SpaceCleanup.cleaned(text), "\(text.debugDescription)")
        }
        var cleanup = SpaceCleanup()
        #expect(["It", " is", " a", " test"].map { cleanup.push($0) } == ["", "It", " is", " a test"])
    }
}
