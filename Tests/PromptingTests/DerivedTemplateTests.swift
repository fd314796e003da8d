import Foundation
import JSON
import Prompting
import Testing

@Suite struct DerivedTemplateTests {
    @Test func `a template taken from a chat template has LLaMA-Factory's slots`() throws {
        let folder = try #require(Bundle.module.url(forResource: "Fixtures", withExtension: nil))
        let cases = try JSONValue(parsing: Array(Data(contentsOf: folder.appendingPathComponent("derived.json"))))
        let qwen = try Tokenizer(folder: folder.appendingPathComponent("qwen-tiny").path)
        #expect(cases.arrayValue?.count == 7)
        for item in cases.arrayValue ?? [] {
            var tokenizer = try item["post_processor"]?.stringValue.map(Self.llama3) ?? qwen
            tokenizer.chatTemplate = item["chat_template"]?.stringValue
            let template = try Template.derived(from: tokenizer)
            #expect(template.user.rendered == item["user"]?.stringValue)
            #expect(template.assistant.rendered == item["assistant"]?.stringValue)
            #expect(template.system.rendered == item["system"]?.stringValue)
            #expect(template.prefix.rendered == item["prefix"]?.stringValue)
            #expect(template.defaultSystem == item["default_system"]?.stringValue)
            #expect(template.isReasoning == item["reasoning"]?.boolValue)
        }
    }

    @Test func `without a name the model's own template is taken, and a model without one is told so`() throws {
        let folder = try #require(Bundle.module.url(forResource: "Fixtures", withExtension: nil))
        var tokenizer = try Tokenizer(folder: folder.appendingPathComponent("qwen-tiny").path)
        tokenizer.chatTemplate = nil
        #expect(throws: TemplateError.self) { try TemplateCatalog.template(named: nil, tokenizer: tokenizer) }
        tokenizer.chatTemplate = "{% for m in messages %}{{ m.role + ': ' + m.content }}{% endfor %}"
        let template = try TemplateCatalog.template(named: nil, tokenizer: tokenizer)
        // What is recorded beside the model leads to the same template.
        #expect(try TemplateCatalog.template(named: template.name, tokenizer: tokenizer).user == template.user)
        #expect(try TemplateCatalog.template(named: "qwen", tokenizer: tokenizer).name == "qwen")
    }

    @Test func `a chat template is read from each of the places it can lie in`() throws {
        let source = try #require(Bundle.module.url(forResource: "Fixtures/qwen-tiny", withExtension: nil))
        for (file, text) in [
            ("chat_template.jinja", "own"), ("chat_template.json", #"{"chat_template": "own"}"#),
            ("tokenizer_config.json", #"{"chat_template": "own"}"#),
            (
                "tokenizer_config.json",
                #"{"chat_template": [{"name": "tool_use", "template": "no"}, {"name": "default", "template": "own"}]}"#
            ),
        ] {
            let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
            defer { try? FileManager.default.removeItem(at: folder) }
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try FileManager.default.copyItem(
                at: source.appendingPathComponent("tokenizer.json"), to: folder.appendingPathComponent("tokenizer.json")
            )
            try Data(text.utf8).write(to: folder.appendingPathComponent(file))
            #expect(try Tokenizer(folder: folder.path).chatTemplate == "own", "\(file)")
        }
    }

    /// The Llama 3 fixture with another post-processor.
    private static func llama3(postProcessor: String) throws -> Tokenizer {
        let source = try #require(Bundle.module.url(forResource: "Fixtures/llama3-tiny", withExtension: nil))
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.copyItem(at: source, to: folder)
        let file = folder.appendingPathComponent("tokenizer.json")
        let text = try String(contentsOf: file, encoding: .utf8)
        let start = try #require(text.range(of: "\"post_processor\":{"))
        let end = try #require(text.range(of: "}", range: start.upperBound..<text.endIndex))
        try Data(text.replacingCharacters(in: start.lowerBound..<end.upperBound, with: postProcessor).utf8)
            .write(to: file)
        return try Tokenizer(folder: folder.path)
    }
}
