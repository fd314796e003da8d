import Foundation
import JSON
import Testing

@testable import Prompting

/// The real Qwen vocabulary over all demo data: set ANNEAL_QWEN_TOKENIZER to a folder with its tokenizer.json.
@Suite("Real tokenizer") struct RealTokenizerTests {
    struct Golden: Decodable {
        struct File: Decodable {
            var numTexts: Int
            var numTokens: Int
            var digest: String
        }
        var vocabularySize: Int
        var files: [String: File]
    }

    static let folder = ProcessInfo.processInfo.environment["ANNEAL_QWEN_TOKENIZER"]
    static let data = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
        "../../../shared/data"
    ).standardized.path

    @Test(
        "ids of every string of the demo data equal tokenizers'",
        .enabled(if: folder != nil, "ANNEAL_QWEN_TOKENIZER names no folder"),
        .enabled(if: FileManager.default.fileExists(atPath: data), "the demo data are not at ../shared/data"))
    func demoData() throws {
        let tokenizer = try Tokenizer(folder: try #require(Self.folder))
        let golden = try Fixture.decode(Golden.self, "qwen-digests.json")
        #expect(tokenizer.vocabularySize == golden.vocabularySize)
        #expect(golden.files.count == 19)
        for (name, file) in golden.files {
            let texts = try Self.texts(Self.data + "/" + name)
            #expect(texts.count == file.numTexts, "\(name)")
            let ids = tokenizer.encode(batch: texts)
            #expect(ids.reduce(0) { $0 + $1.count } == file.numTokens, "\(name)")
            #expect(Self.digest(ids) == file.digest, "\(name)")
        }
    }

    /// All strings of a file, in order.
    static func texts(_ path: String) throws -> [String] {
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        if path.hasSuffix(".txt") { return [text] + lines }
        var texts: [String] = []
        func walk(_ value: JSONValue) {
            switch value {
            case .string(let text): texts.append(text)
            case .array(let items): items.forEach(walk)
            case .object(let members): members.forEach { walk($0.value) }
            default: break
            }
        }
        if path.hasSuffix(".json") {
            walk(try JSONValue(parsing: text))
        } else {
            for line in lines where !line.stripped.isEmpty { walk(try JSONValue(parsing: line)) }
        }
        return texts
    }

    /// 64-bit FNV-1a over the ids, -1 after each text.
    static func digest(_ ids: [[Int32]]) -> String {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for row in ids {
            for id in row + [-1] {
                var rest = UInt32(bitPattern: id)
                for _ in 0..<4 {
                    hash = (hash ^ UInt64(rest & 0xFF)) &* 0x100_0000_01B3
                    rest >>= 8
                }
            }
        }
        return String(repeating: "0", count: hash.leadingZeroBitCount / 4) + String(hash, radix: 16)
    }
}

extension String {
    /// Splits at a byte.
    fileprivate func split(separator: UInt8, omittingEmptySubsequences: Bool) -> [String] {
        utf8.split(separator: separator, omittingEmptySubsequences: omittingEmptySubsequences).map {
            String(decoding: $0, as: UTF8.self)
        }
    }
}
