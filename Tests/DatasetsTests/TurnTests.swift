import Foundation
import JSON
import Prompting
import TestSupport
import Testing

@testable import Datasets

/// Rows in which answers of one side follow each other, against ms-swift's own code.
@Suite struct TurnTests {
    private struct Case {
        let strategy: String
        let row: String
        let ids: [Int]
        let weights: [Double]

        init?(_ value: JSONValue) {
            guard let strategy = value["strategy"]?.stringValue, let messages = value["messages"],
                let ids = value["ids"]?.arrayValue, let weights = value["weights"]?.arrayValue
            else { return nil }
            self.strategy = strategy
            row = JSONValue.object([.init("messages", messages)]).text()
            self.ids = ids.compactMap(\.intValue)
            self.weights = weights.compactMap(\.number)
        }
    }

    private static let tokenizer = Result {
        try Tokenizer(
            folder: URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .appendingPathComponent("PromptingTests/Fixtures/qwen-tiny").path)
    }

    @Test func `neighbouring answers make one turn whose parts weigh what ms-swift lets them weigh`() throws {
        let golden = try JSONValue(
            parsing: String(contentsOf: Golden.folder.appendingPathComponent("turns.json"), encoding: .utf8))
        let cases = (golden.arrayValue ?? []).compactMap(Case.init)
        #expect(cases.count == 63)
        let template = try TemplateCatalog.template(named: "qwen")
        for (number, wanted) in cases.enumerated() {
            let folder = try TemporaryFolder(["d.jsonl": wanted.row])
            let set = try DatasetCatalog(folder: folder.path).load("d.jsonl")
            let row = try #require(set.keptRows.first, "\(number): \(set.report.dropped) \(wanted.row)")
            let encoder = try ConversationEncoder(
                template: template, tokenizer: Self.tokenizer.get(),
                settings: EncodingSettings(lossScale: LossScale(wanted.strategy)))
            let example = try encoder.encode(row.conversation)
            #expect(example.inputIDs.map(Int.init) == wanted.ids, "\(number) \(wanted.strategy) \(wanted.row)")
            let weights = example.labels.enumerated().map { place, label in
                label == EncodedExample.ignored ? 0 : example.weights.isEmpty ? 1 : Double(example.weights[place])
            }
            #expect(weights == wanted.weights, "\(number) \(wanted.strategy) \(wanted.row)")
        }
    }

    @Test func `neighbouring questions are one text, and what is said beside a call stands before it`() throws {
        let row = """
            {"messages": [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}, {"role": "assistant", \
            "content": "hm", "loss": false, "tool_calls": [{"function": {"name": "f", "arguments": {}}}]}, \
            {"role": "tool", "content": "r"}, {"role": "assistant", "content": "c"}]}
            """
        let folder = try TemporaryFolder(["d.jsonl": row])
        let messages = try DatasetCatalog(folder: folder.path).load("d.jsonl").keptRows.first?.conversation.messages
        #expect(
            messages == [
                Message(.user, "ab"),
                Message(
                    .function, #"[{"name": "f", "arguments": {}}]"#, loss: false,
                    preceding: [Message(.assistant, "hm", loss: false)]),
                Message(.observation, "r"), Message(.assistant, "c"),
            ])
    }
}
