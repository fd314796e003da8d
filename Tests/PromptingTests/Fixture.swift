import Foundation

@testable import Prompting

/// Files beside the tests.
enum Fixture {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures")
        .path

    static func path(_ name: String) -> String { folder + "/" + name }

    static func decode<Value: Decodable>(_ type: Value.Type, _ name: String) throws -> Value {
        try JSONDecoder().decode(type, from: Data(contentsOf: URL(fileURLWithPath: path(name))))
    }

    static let qwen = Result { try Tokenizer(folder: path("qwen-tiny")) }
    static let llama3 = Result { try Tokenizer(folder: path("llama3-tiny")) }

    static func tokenizer(_ name: String) throws -> Tokenizer {
        try (name == "llama3-tiny" ? llama3 : qwen).get()
    }
}
