import Basics
import Testing

@testable import Prompting

/// Ids and texts of `tokenizers` itself, for strings chosen to be nasty.
@Suite("Tokenizer goldens") struct TokenizerGoldenTests {
    struct Golden: Decodable {
        struct Case: Decodable {
            var text: String
            var ids: [Int32]
            var splitIDs: [Int32]
            var decoded: String
            var skipped: String
        }
        var vocabularySize: Int
        var cases: [Case]
    }

    @Test("ids and decoded texts equal tokenizers'", arguments: ["qwen-tiny", "llama3-tiny"])
    func goldens(name: String) throws {
        let golden = try Fixture.decode(Golden.self, name + ".json")
        let tokenizer = try Fixture.tokenizer(name)
        #expect(tokenizer.vocabularySize == golden.vocabularySize)
        #expect(golden.cases.count == 39)
        for item in golden.cases {
            #expect(tokenizer.encode(item.text) == item.ids, "\(item.text.debugDescription)")
            #expect(
                tokenizer.encode(item.text, splitSpecialTokens: true) == item.splitIDs, "\(item.text.debugDescription)")
            #expect(Array(tokenizer.decode(item.ids).utf8) == Array(item.decoded.utf8))
            #expect(Array(tokenizer.decode(item.ids, skipSpecialTokens: true).utf8) == Array(item.skipped.utf8))
        }
    }

    @Test("a batch gives the ids of its texts one by one", arguments: ["qwen-tiny", "llama3-tiny"])
    func batch(name: String) throws {
        let texts = try Fixture.decode(Golden.self, name + ".json").cases.map(\.text)
        let tokenizer = try Fixture.tokenizer(name)
        let many = Array(repeating: texts, count: 20).flatMap { $0 }
        #expect(tokenizer.encode(batch: many) == many.map { tokenizer.encode($0) })
        #expect(tokenizer.encode(batch: []) == [])
    }

    @Test("the streamed text equals the decoded one and is never broken", arguments: ["qwen-tiny", "llama3-tiny"])
    func streaming(name: String) throws {
        let tokenizer = try Fixture.tokenizer(name)
        for item in try Fixture.decode(Golden.self, name + ".json").cases {
            var stream = StreamingDetokenizer(tokenizer, skipSpecialTokens: false)
            var text = ""
            for id in item.ids {
                let part = stream.append(id)
                #expect(!part.unicodeScalars.contains("\u{FFFD}") || item.decoded.unicodeScalars.contains("\u{FFFD}"))
                text += part
            }
            text += stream.finish()
            #expect(text == item.decoded)
        }
    }

    @Test("any order of ids streams to what it decodes to")
    func streamingOfGarbage() throws {
        let tokenizer = try Fixture.tokenizer("qwen-tiny")
        var generator = SplitMix64(seed: 7)
        for _ in 0..<200 {
            let ids = (0..<30).map { _ in Int32(generator.next() % 256) }
            var stream = StreamingDetokenizer(tokenizer)
            var text = ids.map { stream.append($0) }.joined()
            text += stream.finish()
            #expect(text == tokenizer.decode(ids, skipSpecialTokens: true))
        }
    }

    @Test("long pieces take the same merges from the queue as from the scan")
    func longPieces() throws {
        let tokenizer = try Fixture.tokenizer("qwen-tiny")
        // Digits split a text without changing it: the pieces are short, and the long text must merge alike.
        let word = "capitalassistantfunctionhellohelpful"
        let long = tokenizer.encode(String(repeating: word, count: 3000))
        #expect(tokenizer.decode(long) == String(repeating: word, count: 3000))
        let short = tokenizer.encode(String(repeating: word, count: 4))
        // The scan handles 144 bytes, the queue 108,000; away from the ends both see the same repeating text.
        #expect(Array(long.prefix(short.count / 2)) == Array(short.prefix(short.count / 2)))
    }
}
