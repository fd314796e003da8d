import Foundation
import JSON
import Jinja
import Testing

@testable import Prompting

@Suite struct ChatTemplateTests {
    /// Conversations that end with a question.
    private static func conversations(_ words: ThoughtWords) -> [Conversation] {
        let thought = words.open + "hm\n" + words.close
        let histories: [[Message]] = [
            [Message(.user, "Hello")],
            [
                Message(.user, "今天天气"), Message(.assistant, thought + "你好"), Message(.user, "2"),
                Message(.assistant, "Fine."), Message(.user, "Why?"),
            ],
            [Message(.user, "a'b\\n \"c\""), Message(.assistant, "It's {{content}}"), Message(.user, " what? ")],
            [
                Message(.user, "今天天气"), Message(.assistant, thought + "你好"), Message(.user, "2"),
                Message(.assistant, "\n\n" + words.open + "x" + thought + thought + "y" + words.open),
                Message(.user, "3\n"),
            ],
            [Message(.user, "go"), Message(.assistant, "call"), Message(.observation, "{\"x\": 1}")],
        ]
        return histories.flatMap { [Conversation(messages: $0), Conversation(system: "Be \\ brief.", messages: $0)] }
    }

    private static func tokenizer(_ name: String) throws -> Tokenizer {
        let folder = try #require(Bundle.module.url(forResource: "Fixtures/\(name)", withExtension: nil))
        return try Tokenizer(folder: folder.path)
    }

    @Test(arguments: ["qwen-tiny", "llama3-tiny"])
    func `every template's exported chat template writes the prompts that it trains with`(_ name: String) throws {
        let original = try Self.tokenizer(name)
        var differing: Set<String> = []
        for template in TemplateCatalog.all {
            var tokenizer = original
            try template.fit(&tokenizer)
            if let token = template.media?.imageToken { tokenizer.addTokens([token], special: true) }
            if let token = template.media?.videoToken { tokenizer.addTokens([token], special: true) }
            for thinking in template.isReasoning ? [true, false, nil] as [Bool?] : [true] {
                for preserves in template.isReasoning ? [false, true] : [false] {
                    let encoder = try ConversationEncoder(
                        template: template, tokenizer: tokenizer,
                        settings: EncodingSettings(enableThinking: thinking, preservesThinking: preserves))
                    let source = template.chatTemplate(
                        tokenizer: tokenizer, enableThinking: thinking, preservesThinking: preserves)
                    let jinja = try JinjaTemplate(source)
                    for (number, conversation) in Self.conversations(template.thoughtWords).enumerated() {
                        let text = try #require(encoder.render(jinja, conversation), "\(template.name): \(source)")
                        let prompt = try encoder.encodePrompt(conversation).inputIDs
                        let ids = tokenizer.encode(text)
                        #expect(tokenizer.decode(ids) == tokenizer.decode(prompt), "\(template.name) \(conversation)")
                        // White space at a message's border may join the template's own in one token.
                        if number < 4, ids != prompt { differing.insert(template.name) }
                    }
                }
            }
        }
        // Its turns begin with a slot of their own that joins the one before.
        #expect(differing == ["deepseekcoder"])
    }

    @Test func `the caller's enable_thinking stands above the trained one`() throws {
        let template = try TemplateCatalog.template(named: "qwen3")
        var tokenizer = try Self.tokenizer("qwen-tiny")
        try template.fit(&tokenizer)
        let encoder = try ConversationEncoder(
            template: template, tokenizer: tokenizer, settings: EncodingSettings(enableThinking: false))
        let jinja = try JinjaTemplate(encoder.chatTemplate())
        let question = Conversation(messages: [Message(.user, "a")])
        let start = "<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\n"
        #expect(encoder.render(jinja, question) == start + "<think>\n\n</think>\n\n")
        #expect(encoder.render(jinja, question, ["enable_thinking": true]) == start)
    }

    @Test func `a model's own chat template stays where it writes the same, and goes where it does not`() throws {
        let own =
            "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{% endfor %}"
            + "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
        var tokenizer = try Self.tokenizer("qwen-tiny")
        tokenizer.chatTemplate = own
        func chosen(_ name: String, _ thinking: Bool?) throws -> String {
            try ConversationEncoder(
                template: TemplateCatalog.template(named: name), tokenizer: tokenizer,
                settings: EncodingSettings(enableThinking: thinking)
            ).chatTemplate()
        }
        #expect(try chosen("qwen3_nothink", true) == own)
        #expect(try chosen("qwen3", nil) != own)
        #expect(try chosen("qwen", true) != own)
    }

    @Test func `tools and media are refused, not left out`() throws {
        let template = try TemplateCatalog.template(named: "qwen")
        let tokenizer = try Self.tokenizer("qwen-tiny")
        let jinja = try JinjaTemplate(
            template.chatTemplate(tokenizer: tokenizer, enableThinking: true, preservesThinking: false))
        let message: JSONValue = ["role": "user", "content": [["type": "text", "text": "a"]]]
        #expect(try jinja.render(["messages": [message]]).text.hasSuffix("user\na<|im_end|>\n<|im_start|>assistant\n"))
        #expect(throws: JinjaError.self) { try jinja.render(["messages": [message], "tools": [["name": "f"]]]) }
        #expect(throws: JinjaError.self) {
            try jinja.render(["messages": [["role": "user", "content": [["type": "image"]]]]])
        }
    }
}
