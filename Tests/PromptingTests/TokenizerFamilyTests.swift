import Foundation
import Testing

@testable import Prompting

/// Tokenizers of many families against `tokenizers` and transformers, on texts chosen to be nasty.
@Suite("Tokenizer families") struct TokenizerFamilyTests {
    struct Golden: Decodable {
        struct Garbage: Decodable {
            var ids: [Int32]
            var decoded: String
            var skipped: String
        }
        struct Family: Decodable {
            var vocabularySize: Int
            var ids: [String]
            var split: [String]
            var decoded: [String]
            var framed: [String]?
            var garbage: [Garbage]
        }
        var texts: [String]
        var families: [String: Family]
    }

    static let golden = Result { try Fixture.decode(Golden.self, "tokenizers/goldens.json") }
    static let names = ((try? golden.get())?.families.keys.sorted()) ?? []

    static func tokenizer(_ name: String) throws -> Tokenizer {
        let folder = Fixture.path("tokenizers/\(name)")
        if FileManager.default.fileExists(atPath: folder) { return try Tokenizer(folder: folder) }
        let path = folder + ".json"
        return try Tokenizer(tokenizerJSON: Data(contentsOf: URL(fileURLWithPath: path)), path: path)
    }

    static func digest(_ bytes: some Sequence<UInt8>) -> String {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        let text = String(hash & 0xFFFF_FFFF, radix: 16)
        return String(repeating: "0", count: 8 - text.count) + text
    }

    static func digest(_ ids: [Int32]) -> String {
        digest(ids.flatMap { id in (0..<4).map { UInt8(truncatingIfNeeded: id >> ($0 * 8)) } })
    }

    @Test("there are goldens of all families") func count() { #expect(Self.names.count == 34) }

    @Test("ids equal Hugging Face's", arguments: names)
    func ids(name: String) throws {
        let golden = try Self.golden.get()
        let family = try #require(golden.families[name])
        let tokenizer = try Self.tokenizer(name)
        #expect(tokenizer.vocabularySize == family.vocabularySize)
        for (index, text) in golden.texts.enumerated() {
            let ids = tokenizer.encode(text)
            #expect(Self.digest(ids) == family.ids[index], "\(text.debugDescription) became \(ids)")
            let split = tokenizer.encode(text, splitSpecialTokens: true)
            #expect(Self.digest(split) == family.split[index], "\(text.debugDescription) split became \(split)")
            let decoded = tokenizer.decode(ids)
            #expect(Self.digest(decoded.utf8) == family.decoded[index], "\(text.debugDescription): \(decoded)")
            if let framed = family.framed {
                #expect(Self.digest(tokenizer.encode(text, addsSpecialTokens: true)) == framed[index])
            }
        }
    }

    @Test("any ids decode to what Hugging Face decodes, at once and as a stream", arguments: names)
    func decoding(name: String) throws {
        let family = try #require(try Self.golden.get().families[name])
        let tokenizer = try Self.tokenizer(name)
        for item in family.garbage {
            #expect(Array(tokenizer.decode(item.ids).utf8) == Array(item.decoded.utf8))
            #expect(Array(tokenizer.decode(item.ids, skipSpecialTokens: true).utf8) == Array(item.skipped.utf8))
            var stream = StreamingDetokenizer(tokenizer)
            var text = item.ids.map { stream.append($0) }.joined()
            text += stream.finish()
            #expect(Array(text.utf8) == Array(item.skipped.utf8))
        }
    }

    @Test("a document of one long word takes time that grows with its length, not its square", arguments: names)
    func longWord(name: String) throws {
        let tokenizer = try Self.tokenizer(name)
        for letters in ["a", "ab", "的", "é", "\u{301}", " ", "1"] {
            let text = String(repeating: letters, count: 5000)
            let time = ContinuousClock().measure { _ = tokenizer.encode(text) }
            // Linear time is below a tenth of a second even without optimisation; quadratic time is many seconds.
            #expect(time < .seconds(4), "\(letters.debugDescription)")
        }
    }

    @Test("a saved tokenizer is the same, and what was added to it is found", arguments: names)
    func saving(name: String) throws {
        var tokenizer = try Self.tokenizer(name)
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tokenizer-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        if tokenizer.source == nil {
            let original = folder.appendingPathComponent("original")
            try FileManager.default.createDirectory(at: original, withIntermediateDirectories: true)
            let file = original.appendingPathComponent("tokenizer.json")
            try FileManager.default.copyItem(atPath: Fixture.path("tokenizers/\(name).json"), toPath: file.path)
            tokenizer = try Tokenizer(folder: original.path)
            try tokenizer.save(to: folder)
            let saved = folder.appendingPathComponent("tokenizer.json")
            #expect(try Data(contentsOf: saved) == Data(contentsOf: file))
        }
        tokenizer.addTokens(["<|new|>"], special: true)
        try tokenizer.save(to: folder)
        let again = try Tokenizer(folder: folder.path)
        #expect(again.addedTokens == tokenizer.addedTokens)
        for text in try Self.golden.get().texts + ["x<|new|> y"] {
            #expect(again.encode(text, addsSpecialTokens: true) == tokenizer.encode(text, addsSpecialTokens: true))
        }
    }
}
