import Foundation
import JSON
import Testing

@testable import Prompting

@Suite struct ThinkingTests {
    /// FNV-1a over little-endian numbers.
    private static func digest(_ numbers: [Int32]) -> String {
        var value: UInt64 = 0xCBF2_9CE4_8422_2325
        for number in numbers {
            for byte in withUnsafeBytes(of: number.littleEndian, Array.init) {
                value = (value ^ UInt64(byte)) &* 0x100_0000_01B3
            }
        }
        let text = String(value, radix: 16)
        return String(repeating: "0", count: 16 - text.count) + text
    }

    @Test func `thoughts are kept, removed, added and masked as in LLaMA-Factory for every reasoning template`() throws
    {
        let folder = try #require(Bundle.module.url(forResource: "Fixtures", withExtension: nil))
        let cases =
            try JSONValue(parsing: Array(Data(contentsOf: folder.appendingPathComponent("thinking.json")))).arrayValue
            ?? []
        let original = try Tokenizer(folder: folder.appendingPathComponent("qwen-tiny").path)
        #expect(
            Set(cases.compactMap { $0.arrayValue?[0].stringValue })
                == Set(
                    TemplateCatalog.all.filter(\.isReasoning).map(\.name)))
        for item in cases {
            let parts = try #require(item.arrayValue)
            let template = try TemplateCatalog.template(named: parts[0].stringValue ?? "")
            var tokenizer = original
            try template.fit(&tokenizer)
            for token in [template.media?.imageToken, template.media?.videoToken].compactMap({ $0 }) {
                tokenizer.addTokens([token], special: true)
            }
            func setting(_ key: String) -> Bool? { parts[1][key]?.boolValue }
            let encoder = try ConversationEncoder(
                template: template, tokenizer: tokenizer,
                settings: EncodingSettings(
                    trainsOnPrompt: setting("train_on_prompt") ?? false, masksHistory: setting("mask_history") ?? false,
                    enableThinking: setting("enable_thinking"), preservesThinking: setting("preserve_thinking") ?? false
                ))
            let texts = parts[3].arrayValue?.compactMap(\.stringValue) ?? []
            let conversation = Conversation(
                system: parts[2].stringValue,
                messages: texts.enumerated().map { Message($0 % 2 == 0 ? .user : .assistant, $1) })
            let example = try encoder.encode(conversation)
            let prompt = try encoder.encodePrompt(conversation)
            let made = [example.inputIDs, example.labels, prompt.inputIDs, prompt.labelIDs].map(Self.digest)
            let wanted = try #require(parts[4].arrayValue)
            #expect(example.inputIDs.count == wanted[0].intValue, "\(item.text())")
            #expect(made == wanted.dropFirst().compactMap(\.stringValue), "\(item.text())")
        }
    }
}
