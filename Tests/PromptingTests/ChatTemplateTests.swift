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

    @Test func `media are refused, not left out`() throws {
        let template = try TemplateCatalog.template(named: "qwen")
        let tokenizer = try Self.tokenizer("qwen-tiny")
        let jinja = try JinjaTemplate(
            template.chatTemplate(tokenizer: tokenizer, enableThinking: true, preservesThinking: false))
        let message: JSONValue = ["role": "user", "content": [["type": "text", "text": "a"]]]
        #expect(try jinja.render(["messages": [message]]).text.hasSuffix("user\na<|im_end|>\n<|im_start|>assistant\n"))
        #expect(throws: JinjaError.self) {
            try jinja.render(["messages": [["role": "user", "content": [["type": "image"]]]]])
        }
    }

    private static let tools: JSONValue = [
        [
            "type": "function",
            "function": [
                "name": "get_weather", "description": "Weather of a \"place\" <now>.",
                "parameters": [
                    "type": "object",
                    "properties": [
                        "place": ["type": "string", "description": "Name, e.g. 北京"],
                        "days": ["type": "integer", "enum": ["1", "2"]],
                        "units": ["type": "array", "description": "Units", "items": ["type": "string"]], "free": [:],
                    ], "required": ["place", "days"],
                ], "response": ["type": "object", "description": "Sky"],
            ],
        ], ["name": "now", "description": "", "parameters": ["type": "object", "properties": [:]]],
    ]

    private static let calls: [JSONValue] = [
        [
            "name": "get_weather",
            "arguments": [
                "place": "北京\n\"a\"", "days": 2, "units": ["C", .null], "exact": true,
                "more": ["b": 1.5, "B": "x", "a": []],
            ],
        ], ["name": "now", "arguments": [:]],
    ]

    /// A conversation with tools, as training and as servers have it.
    private static func talk(_ numCalls: Int, system: String?, words: (open: String, close: String), text: String)
        -> (Conversation, JSONValue)
    {
        let calls = JSONValue.array(Array(Self.calls.prefix(numCalls)))
        let own = text.isEmpty ? calls.text() : text + words.open + calls.text() + words.close
        let results = ["{\"sky\": \"blue\"}", "12:00"]
        let conversation = Conversation(
            system: system, tools: Self.tools.text(),
            messages: [
                Message(.user, "Weather?"), Message(.function, own),
                Message(.observation, results.joined(separator: "\n</tool_response>\n<tool_response>\n")),
                Message(.assistant, "Blue."), Message(.user, "谢谢"),
            ])
        var messages: [JSONValue] = system.map { [["role": "system", "content": .string($0)]] } ?? []
        messages += [
            ["role": "user", "content": "Weather?"],
            [
                "role": "assistant", "content": text.isEmpty ? .null : .string(text),
                "tool_calls": .array((calls.arrayValue ?? []).map { ["type": "function", "function": $0] }),
            ], ["role": "tool", "content": .string(results[0])], ["role": "tool", "content": .string(results[1])],
            ["role": "assistant", "content": "Blue."], ["role": "user", "content": "谢谢"],
        ]
        return (conversation, .array(messages))
    }

    @Test func `every template's exported chat template writes tools, calls and results`() throws {
        var numRenders = 0
        for template in TemplateCatalog.all {
            var tokenizer = try Self.tokenizer("qwen-tiny")
            try template.fit(&tokenizer)
            if let token = template.media?.imageToken { tokenizer.addTokens([token], special: true) }
            if let token = template.media?.videoToken { tokenizer.addTokens([token], special: true) }
            let encoder = try ConversationEncoder(template: template, tokenizer: tokenizer)
            let source = template.chatTemplate(tokenizer: tokenizer, enableThinking: true, preservesThinking: false)
            let jinja = try JinjaTemplate(source)
            #expect(!source.contains("cannot write"), "\(template.name)")
            let isSingle = ["glm4"].contains(template.functionFormat.name)
            for (numCalls, system, text) in [(1, nil, ""), (2, "Be brief.", ""), (1, nil, "I look. ")]
            where numCalls == 1 || !isSingle {
                let (conversation, messages) = Self.talk(
                    numCalls, system: system, words: template.toolCallWords, text: text)
                let rendered = try jinja.render([
                    "messages": messages, "tools": Self.tools, "add_generation_prompt": true,
                ]).text
                let prompt = try encoder.encodePrompt(conversation).inputIDs
                #expect(
                    tokenizer.decode(tokenizer.encode(rendered)) == tokenizer.decode(prompt),
                    "\(template.name) \(numCalls)")
                numRenders += 1
            }
        }
        #expect(numRenders > 3 * 124 - 20)
    }

    @Test func `what a tool format cannot write is refused`() throws {
        let glm = try TemplateCatalog.template(named: "glm4")
        let jinja = try JinjaTemplate(
            glm.chatTemplate(tokenizer: Self.tokenizer("qwen-tiny"), enableThinking: true, preservesThinking: false))
        let (_, messages) = Self.talk(2, system: nil, words: glm.toolCallWords, text: "")
        #expect {
            try jinja.render(["messages": messages])
        } throws: { "\($0)".contains("this format has one call an answer") }
    }
}
