import Foundation
import JSON
import Prompting
import Testing

@Suite struct LossScaleTests {
    private static func tokenizer() throws -> Tokenizer {
        let folder = try #require(Bundle.module.url(forResource: "Fixtures/qwen-tiny", withExtension: nil))
        return try Tokenizer(folder: folder.path)
    }

    @Test func `every strategy cuts and weighs answers as ms-swift does`() throws {
        let file = try #require(Bundle.module.url(forResource: "Fixtures/loss_scale.json", withExtension: nil))
        let cases = try JSONValue(parsing: Array(Data(contentsOf: file))).arrayValue ?? []
        #expect(cases.count == 160)
        for item in cases {
            let scale = try LossScale(item["strategy"]?.stringValue ?? "")
            let pieces = scale.pieces(of: item["text"]?.stringValue ?? "", query: item["query"]?.stringValue ?? "")
            let texts = item["parts"]?.arrayValue?.compactMap(\.stringValue) ?? []
            let weights = item["weights"]?.arrayValue?.compactMap { Double($0.text()) } ?? []
            #expect(pieces.map { Array($0.text.utf8) } == texts.map { Array($0.utf8) }, "\(item.text())")
            #expect(pieces.map { Double($0.weight) } == weights, "\(item.text())")
            #expect(scale.base.rawValue == item["base"]?.stringValue)
        }
    }

    @Test func `an unknown strategy is named together with the known ones`() throws {
        #expect {
            try LossScale("last_round+herms")
        } throws: { error in
            "\(error)".hasPrefix(
                "loss_scale: \"herms\" does not exist; it is one of default, last_round, all, followed")
        }
    }

    /// The pieces of text that are learned, and their weights.
    private func learned(
        _ template: Template, _ scale: String, ignoresEmptyThoughts: Bool = false, _ messages: [Message]
    ) throws -> [WeightedText] {
        var tokenizer = try Self.tokenizer()
        try template.fit(&tokenizer)
        let encoder = try ConversationEncoder(
            template: template, tokenizer: tokenizer,
            settings: EncodingSettings(lossScale: LossScale(scale, ignoresEmptyThoughts: ignoresEmptyThoughts)))
        let example = try encoder.encode(Conversation(messages: messages))
        #expect(example.weights.isEmpty || example.weights.count == example.labels.count)
        var pieces: [WeightedText] = []
        for (place, label) in example.labels.enumerated() where label != EncodedExample.ignored {
            let weight = example.weights.isEmpty ? 1 : example.weights[place]
            let text = tokenizer.decode([label])
            if let last = pieces.last, last.weight == weight, place > 0,
                example.labels[place - 1] != EncodedExample.ignored
            {
                pieces[pieces.count - 1].text += text
            } else {
                pieces.append(WeightedText(text: text, weight: weight))
            }
        }
        return pieces
    }

    @Test func `tool calls weigh twice, empty thoughts nothing`() throws {
        let qwen = try TemplateCatalog.template(named: "qwen")
        let talk = [
            Message(.user, "Hello"), Message(.assistant, "<think>\n\n</think>\n\nHi"), Message(.user, "What?"),
            Message(.assistant, "So <tool_call>go</tool_call> on"),
        ]
        #expect(
            try learned(qwen, "hermes+ignore_empty_think", talk) == [
                WeightedText(text: "Hi<|im_end|>\n", weight: 1), WeightedText(text: "So ", weight: 1),
                WeightedText(text: "<tool_call>go</tool_call>", weight: 2),
                WeightedText(text: " on<|im_end|>\n", weight: 1),
            ])
        #expect(
            try learned(qwen, "last_round", ignoresEmptyThoughts: true, talk) == [
                WeightedText(text: "So <tool_call>go</tool_call> on<|im_end|>\n", weight: 1)
            ])
        #expect(
            try learned(qwen, "all", [Message(.user, "Hello"), Message(.assistant, "Hi")]).map(\.text).joined()
                .hasPrefix("<|im_start|>system\nYou are"))
    }

    @Test func `an empty thought that the template puts in is not learned either`() throws {
        let qwen3 = try TemplateCatalog.template(named: "qwen3")
        let talk = [Message(.user, "Hello"), Message(.assistant, "Hi")]
        #expect(
            try learned(qwen3, "default", talk) == [
                WeightedText(text: "<think>\n\n</think>\n\nHi<|im_end|>\n", weight: 1)
            ])
        #expect(
            try learned(qwen3, "default", ignoresEmptyThoughts: true, talk) == [
                WeightedText(text: "Hi<|im_end|>\n", weight: 1)
            ])
    }

    @Test func `a message's own loss_scale stands above the rules, not above the base`() throws {
        let qwen = try TemplateCatalog.template(named: "qwen"), qwen3 = try TemplateCatalog.template(named: "qwen3")
        var talk = [
            Message(.user, "Hello"), Message(.assistant, "<tool_call>go</tool_call>", lossScale: 0.5),
            Message(.user, "What?"), Message(.assistant, "<tool_call>go</tool_call>"),
        ]
        let own = WeightedText(text: "<tool_call>go</tool_call>", weight: 0.5)
        let ruled = WeightedText(text: "<tool_call>go</tool_call>", weight: 2)
        let end = WeightedText(text: "<|im_end|>\n", weight: 1)
        #expect(try learned(qwen, "hermes", talk) == [own, end, ruled, end])
        #expect(try learned(qwen, "last_round+hermes", talk) == [ruled, end])
        talk[1].lossScale = 0
        #expect(
            try learned(qwen, "default", talk).map(\.text) == ["<tool_call>go</tool_call><|im_end|>\n"])
        // The empty thought that the template puts in is a part of the answer.
        let thinking = [Message(.user, "Hello"), Message(.assistant, "Hi", lossScale: 3)]
        #expect(
            try learned(qwen3, "ignore_empty_think", thinking) == [
                WeightedText(text: "<think>\n\n</think>\n\nHi", weight: 3), end,
            ])
    }
}
