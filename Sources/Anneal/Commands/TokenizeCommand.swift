import ArgumentParser
import Foundation
import JSON
import Prompting

struct TokenizeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenize", abstract: "Shows the token ids of texts, or the texts of ids.",
        discussion: """
            A .jsonl file holds one text a line, as a JSON string or in an object's "text"; the answer is one JSON line for \
            each. Any other file is a JSON array of strings.
            """)

    @Argument(help: "Model folder with tokenizer.json or tokenizer.model.")
    var model: String

    @Option(help: "JSON array or JSONL of texts (of arrays of ids with --decode).")
    var file: String

    @Flag(help: "Print an array of id arrays.")
    var json = false

    @Flag(help: "Treat special tokens in the texts as plain text.")
    var splitSpecialTokens = false

    @Flag(help: "Put the model's own special tokens around each text.")
    var addSpecialTokens = false

    @Flag(help: "The file holds arrays of ids: print their texts, as transformers' decode does.")
    var decode = false

    @Flag(help: "Leave special tokens out of decoded texts.")
    var skipSpecialTokens = false

    @Option(help: "Measure: encode all texts this often on one thread, then on all, and print megabytes a second.")
    var repeats: Int?

    private var isLines: Bool { file.hasSuffix(".jsonl") }

    func run() throws {
        let tokenizer = try Tokenizer(folder: model)
        let items = try readItems()
        if decode { return try printTexts(items, tokenizer) }
        let texts = try items.enumerated().map { place, item in
            guard let text = item.stringValue ?? item["text"]?.stringValue else {
                throw CommandError("entry \(place + 1) of \(file) is \(item.kind), not a text")
            }
            return text
        }
        if let repeats { return measure(texts, tokenizer, repeats) }
        let ids = tokenizer.encode(
            batch: texts, splitSpecialTokens: splitSpecialTokens, addsSpecialTokens: addSpecialTokens)
        let rows = ids.lazy.map { "[" + $0.map(String.init).joined(separator: ",") + "]" }
        if isLines {
            for row in rows { print(row) }
        } else if json {
            print("[" + rows.joined(separator: ",") + "]")
        } else {
            for (text, row) in zip(texts, ids) {
                print("\(row.count) tokens: \(text.prefix(60))")
                print("  " + row.map { "\($0)=\(tokenizer.decode([$0]).debugDescription)" }.joined(separator: " "))
            }
        }
    }

    private func readItems() throws -> [JSONValue] {
        guard let data = FileManager.default.contents(atPath: file) else {
            throw CommandError(
                FileManager.default.fileExists(atPath: file)
                    ? "\(file) cannot be read: check that it is a file and its permissions"
                    : "\(file): there is no such file; it should hold a JSON array of texts, or a text a line (.jsonl)")
        }
        guard isLines else {
            do {
                if let items = try JSONValue(parsing: Array(data)).arrayValue { return items }
            } catch {
                throw CommandError("\(file) is not a JSON array: \(error)")
            }
            throw CommandError("\(file) is not a JSON array; name it .jsonl if it has one value a line")
        }
        return try data.split(separator: UInt8(ascii: "\n")).enumerated().map { place, line in
            do {
                return try JSONValue(parsing: Array(line))
            } catch {
                throw CommandError("line \(place + 1) of \(file): \(error)")
            }
        }
    }

    private func printTexts(_ items: [JSONValue], _ tokenizer: Tokenizer) throws {
        let texts = try items.enumerated().map { place, item in
            guard let ids = item.arrayValue?.map({ $0.intValue.map(Int32.init(clamping:)) ?? -1 }) else {
                throw CommandError("entry \(place + 1) of \(file) is \(item.kind), not an array of ids")
            }
            return tokenizer.decode(ids, skipSpecialTokens: skipSpecialTokens, cleansUp: true)
        }
        if isLines || !json {
            for text in texts { print(JSONValue.string(text).text()) }
        } else {
            print(JSONValue.array(texts.map(JSONValue.string)).text())
        }
    }

    private func measure(_ texts: [String], _ tokenizer: Tokenizer, _ repeats: Int) {
        let megabytes = Double(texts.reduce(0) { $0 + $1.utf8.count }) / 1e6
        func rate(_ body: () -> Int) -> Double {
            var numTokens = 0
            let time = ContinuousClock().measure { numTokens = body() }
            return numTokens < 0 ? 0 : megabytes / (time / .seconds(1))
        }
        for _ in 0..<max(repeats, 1) {
            let one = rate { texts.reduce(0) { $0 + tokenizer.encode($1).count } }
            let all = rate { tokenizer.encode(batch: texts).reduce(0) { $0 + $1.count } }
            print(String(format: "%.2f %.2f", one, all))
        }
    }
}

/// A mistake in how a command was called.
struct CommandError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
