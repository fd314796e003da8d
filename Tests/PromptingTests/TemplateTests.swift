import Foundation
import JSON
import Testing

@testable import Prompting

@Suite("Templates") struct TemplateTests {
    @Test("the catalog is in order and has all of LLaMA-Factory's templates")
    func catalog() throws {
        let names = TemplateCatalog.all.map(\.name)
        #expect(names == names.sorted())
        #expect(Set(names).count == names.count)
        #expect(names.count == 124)
    }

    @Test("every template has one place for the content in each of its forms")
    func forms() {
        for template in TemplateCatalog.all {
            for form in [template.user, template.assistant, template.system, template.function, template.observation] {
                #expect(form.count { $0.holdsContent } == 1, "\(template.name)")
            }
            #expect(!template.prefix.contains { $0.holdsContent }, "\(template.name)")
            #expect(!template.replacesEOS || !template.stopWords.isEmpty, "\(template.name)")
        }
    }

    @Test("a template written as Jinja equals LLaMA-Factory's")
    func jinja() throws {
        struct Golden: Decodable {
            struct Family: Decodable {
                var folder: String
                var generatedJinja: String?
            }
            var templates: [String: Family]
        }
        let golden = try Fixture.decode(Golden.self, "encoding.json")
        #expect(golden.templates.count == 8)
        for (name, family) in golden.templates {
            let template = try TemplateCatalog.template(named: name)
            var tokenizer = try Fixture.tokenizer(family.folder)
            try template.fit(&tokenizer)
            #expect(try template.jinja(tokenizer: tokenizer) == family.generatedJinja, "\(name)")
        }
        let named = Template("named", user: [.token("<|user|>"), "{{content}}"])
        #expect {
            _ = try named.jinja(tokenizer: try Fixture.tokenizer("qwen-tiny"))
        } throws: {
            "\($0)" == "template named has no Jinja form: it names the token <|user|>"
        }
    }

    @Test("an unknown name is refused with the nearest one")
    func unknown() throws {
        #expect {
            _ = try TemplateCatalog.template(named: "qwen2vl")
        } throws: {
            "\($0)" == "template: qwen2vl does not exist: did you mean 'qwen2_vl'? (anneal template list prints all)"
        }
        // Without a name the tokenizer's own chat template counts.
        #expect(
            try TemplateCatalog.template(named: nil, tokenizer: try Fixture.tokenizer("qwen-tiny")).name == "auto")
        #expect(throws: TemplateError.self) {
            try TemplateCatalog.template(named: nil, tokenizer: try Fixture.tokenizer("llama3-tiny"))
        }
        #expect(throws: TemplateError.self) { _ = try ToolFormatCatalog.format(named: "nope") }
    }

    @Test("slots fill the content once and leave marks in it alone")
    func slots() {
        #expect(
            Slot.text("[{{idx}}]{{content}}!{{idx}}").filled(content: "{{idx}}{{content}}", turn: 3)
                == .text("[3]{{idx}}{{content}}!3"))
        #expect(Slot.text("{{content}}").filled(content: "\u{301}", turn: 0) == .text("\u{301}"))
        #expect(Slot.eos.filled(content: "x", turn: 0) == .eos)
    }

    @Test("a run's default system and tool format replace the template's")
    func overrides() throws {
        let template = try Template.qwen.with(defaultSystem: "S", toolFormat: "llama3")
        #expect(template.defaultSystem == "S")
        #expect(template.toolFormat.name == "llama3" && template.functionFormat.name == "llama3")
        #expect(template.function == ["{{content}}", .eos])
        #expect(throws: TemplateError.self) { try Template.qwen.with(defaultSystem: nil, toolFormat: "x") }
    }

    @Test(
        "calls are read back from an answer as they were written",
        arguments: ["default", "llama3", "qwen"])
    func calls(name: String) throws {
        let format = try ToolFormatCatalog.format(named: name)
        let calls = [
            FunctionCall(name: "f", arguments: try JSONValue(parsing: #"{"a": "x </tool_call> y", "b": [1.5, null]}"#)),
            FunctionCall(name: "g_2", arguments: .object([])),
        ]
        #expect(try format.calls(in: format.write(calls)) == calls)
        #expect(try format.calls(in: format.write([calls[0]])) == [calls[0]])
        #expect(format.calls(in: "just text") == nil)
    }
}
