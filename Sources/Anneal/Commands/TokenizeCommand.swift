import ArgumentParser
import Foundation
import Prompting

struct TokenizeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "tokenize", abstract: "Shows the token ids of texts.")

    @Argument(help: "Model folder with tokenizer.json.")
    var model: String

    @Option(help: "JSON file with an array of strings.")
    var file: String

    @Flag(help: "Print an array of id arrays.")
    var json = false

    func run() throws {
        let tokenizer = try Tokenizer(folder: model)
        guard let data = FileManager.default.contents(atPath: file) else {
            throw CommandError("\(file) cannot be read")
        }
        let texts: [String]
        do { texts = try JSONDecoder().decode([String].self, from: data) } catch {
            throw CommandError("\(file) is not a JSON array of strings: \(error.localizedDescription)")
        }
        let ids = tokenizer.encode(batch: texts)
        if json {
            print("[" + ids.map { "[" + $0.map(String.init).joined(separator: ",") + "]" }.joined(separator: ",") + "]")
            return
        }
        for (text, row) in zip(texts, ids) {
            print("\(row.count) tokens: \(text.prefix(60))")
            print("  " + row.map { "\($0)=\(tokenizer.decode([$0]).debugDescription)" }.joined(separator: " "))
        }
    }
}

/// A mistake in how a command was called.
struct CommandError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
