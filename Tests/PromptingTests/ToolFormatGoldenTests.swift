import JSON
import Testing

@testable import Prompting

/// Tool lists and calls as LLaMA-Factory's tool formats write and read them.
@Suite("Tool format goldens") struct ToolFormatGoldenTests {
    struct Golden: Decodable {
        struct Call: Decodable {
            var name: String
            var arguments: String
        }
        struct Written: Decodable {
            var text: String
            /// What LLaMA-Factory reads from its own text, nil when it finds no calls there.
            var read: [Call]?
        }
        struct Format: Decodable {
            var description: String
            var calls: [String: Written]
        }
        var tools: String
        var calls: [String: String]
        var formats: [String: Format]
    }

    @Test("all 13 formats write LLaMA-Factory's text and read what it reads")
    func formats() throws {
        let golden = try Fixture.decode(Golden.self, "templates.json")
        #expect(golden.formats.count == 13)
        let tools = try #require(try JSONValue(parsing: golden.tools).arrayValue)
        for (name, expected) in golden.formats {
            let format = try ToolFormatCatalog.format(named: name)
            #expect(try format.describe(tools, date: "20 Nov 2026") == expected.description, "\(name)")
            for (label, text) in golden.calls {
                let calls = try #require(try JSONValue(parsing: text).arrayValue).map {
                    FunctionCall(name: $0["name"]?.stringValue ?? "", arguments: $0["arguments"] ?? .null)
                }
                guard let written = expected.calls[label] else {
                    #expect(throws: TemplateError.self) { try format.write(calls) }
                    continue
                }
                #expect(try format.write(calls) == written.text, "\(name) \(label)")
                // LLaMA-Factory cannot read what it writes in these; ours can.
                if written.read == nil, ["glm4_moe", "seed_oss"].contains(name) || (name == "lfm2" && label != "text") {
                    #expect(format.calls(in: written.text)?.map(\.name) == calls.map(\.name), "\(name) \(label)")
                    continue
                }
                let read = try written.read?.map {
                    FunctionCall(name: $0.name, arguments: try JSONValue(parsing: $0.arguments))
                }
                #expect(format.calls(in: written.text) == read, "\(name) \(label)")
            }
            #expect(format.calls(in: "Just text.") == nil, "\(name)")
        }
    }

    @Test("calls in a model's own words are read")
    func modelText() throws {
        let call = FunctionCall(name: "f", arguments: ["a": 1, "b": "x\ny"])
        let texts = [
            "glm4_moe": "<tool_call>f\n<arg_key>a</arg_key>\n<arg_value>1</arg_value>\n<arg_key>b</arg_key>\n"
                + "<arg_value>x\ny</arg_value>\n</tool_call>",
            "minimax2": "<minimax:tool_call>\n<invoke name=\"f\">\n<parameter name=\"a\">1</parameter>\n"
                + "<parameter name=\"b\">x\ny</parameter>\n</invoke>\n</minimax:tool_call>",
            "seed_oss": "<seed:tool_call>\n<function=f>\n<parameter=a>1</parameter>\n<parameter=b>x\ny</parameter>\n"
                + "</function>\n</seed:tool_call>",
            "qwen3_5": "Let me see.\n<tool_call>\n<function= f >\n<parameter=a>\n1\n</parameter>\n<parameter=b>\nx\ny\n"
                + "</parameter>\n</function>\n</tool_call>",
            "lfm2": "<|tool_call_start|>[f(a=1, b='x\\ny')]<|tool_call_end|>",
        ]
        for (name, text) in texts {
            #expect(try ToolFormatCatalog.format(named: name).calls(in: text) == [call], "\(name)")
        }
        #expect(GLM4MoEToolFormat().calls(in: #"<tool_call>{"name":"f"}</tool_call>"#) == nil)
    }
}
