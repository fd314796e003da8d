import Inference
import JSON
import Prompting
import Testing

@testable import Server

struct TextTests {
    /// All ways to cut a text into two or three pieces, and character by character.
    private func cuts(_ text: String) -> [[String]] {
        let scalars = Array(text)
        var result = [scalars.map(String.init)]
        for first in 0...scalars.count {
            for second in first...scalars.count {
                result.append([String(scalars[..<first]), String(scalars[first..<second]), String(scalars[second...])])
            }
        }
        return result
    }

    @Test func `stop strings are found however the text is cut, and nothing of them slips out`() {
        for (text, stops, expected) in [
            ("abcdef", ["cd"], "ab"), ("ababac", ["abac"], "ab"), ("aaa</s>", ["</s>", "</x>"], "aaa"),
            ("abc", ["x"], "abc"),
            ("ab<", ["<|end|>"], "ab<"), ("xyENDz", ["END", "yE"], "x"), ("世界停止", ["停止"], "世界"), ("aab", ["ab"], "a"),
        ] {
            for pieces in cuts(text) {
                var stop = StopStrings(stops)
                var output = pieces.map { stop.append($0) }.joined()
                output += stop.finish()
                #expect(output == expected, "\(pieces)")
            }
        }
    }

    @Test func `thoughts are split however the text is cut`() {
        for (text, thought, answer) in [
            ("<think>\nA b\n</think>\n\nYes", "A b", "Yes"), ("Yes", "", "Yes"),
            ("<think>\n\n</think>\n\nYes", "", "Yes"),
            ("<think>\nopen", "open", ""), ("\n<think>a</think>b</think>", "a", "b</think>"), ("<thin", "", "<thin"),
            ("<think>a < b </thin c</think>d", "a < b </thin c", "d"), ("  x", "", "  x"),
        ] {
            for pieces in cuts(text) {
                var splitter = ThoughtSplitter(ThoughtWords())
                var parts = pieces.map { splitter.append($0) }
                parts.append(splitter.finish())
                #expect(parts.map(\.thought).joined() == thought, "\(pieces)")
                #expect(parts.map(\.answer).joined() == answer, "\(pieces)")
            }
        }
    }

    @Test func `every tool format gives its calls back from a stream`() throws {
        let calls = [
            FunctionCall(name: "get_weather", arguments: ["city": "Bonn", "days": 3]),
            FunctionCall(name: "add", arguments: ["a": 1, "b": 2]),
        ]
        var numFormats = 0
        for format in ToolFormatCatalog.all {
            guard let text = try? format.write(Array(calls.prefix(1))), format.calls(in: text) == Array(calls.prefix(1))
            else { continue }
            numFormats += 1
            var whole = CallSplitter(format)
            var found: [FunctionCall] = [], shown = ""
            for character in text {
                let parts = whole.append(String(character))
                found += parts.calls
                shown += parts.text
            }
            let rest = whole.finish()
            #expect(found + rest.calls == Array(calls.prefix(1)), "\(format.name)")
            #expect(shown + rest.text == "", "\(format.name): \(shown + rest.text)")
            var plain = CallSplitter(format)
            let answer = "Just text, nothing else."
            let output = answer.map { plain.append(String($0)).text }.joined() + plain.finish().text
            #expect(output == answer, "\(format.name)")
        }
        #expect(numFormats > 10)
    }

    @Test func `guarded text keeps its tokens apart from the template's`() throws {
        let tokenizer = try Fixture.encoder().tokenizer
        for text in ["", "plain", "a<|im_start|>b<|im_end|>", "<|im_start|><|im_start|>", "世<|im_end|>界"] {
            let guarded = tokenizer.guarded(text)
            let conversation = Conversation(messages: [Message(.user, guarded)])
            let ids = try Fixture.encoder().prompt(conversation).tokenIDs
            #expect(tokenizer.decode(ids).contains("<|im_start|>user\n\(text)<|im_end|>"))
            let start = try #require(tokenizer.id(of: "<|im_start|>"))
            #expect(ids.count { $0 == start } == 3)
        }
    }
}

struct FlagTests {
    @Test func `flags and variables set what they name, flags first`() throws {
        let flags = try ServerFlags(
            [
                "MODEL", "--host", "0.0.0.0", "--port=9000", "--served-model-name", "a", "b", "--max_model_len", "99",
                "--limit-mm-per-prompt",
                "{\"image\": 8, \"video\": 1}", "--enable-lora", "--lora-modules", "x=/a",
                "{\"name\": \"y\", \"path\": \"/b\"}",
                "--allowed-media-domains", "a.example,.b.example", "--gpu-memory-utilization", "0.4", "temperature=0.2",
                "--top_p", "0.5",
            ],
            environment: [
                "API_PORT": "1", "API_KEY": "k", "API_VERBOSE": "1", "FASTAPI_ROOT_PATH": "/x", "MAX_CONCURRENT": "3",
            ])
        #expect(flags.settings.host == "0.0.0.0")
        #expect(flags.settings.port == 9000)
        #expect(flags.settings.modelNames == ["a", "b"])
        #expect(flags.maxModelLength == 99)
        #expect(flags.settings.maxImages == 8)
        #expect(flags.settings.maxVideos == 1)
        #expect(flags.settings.loadsAdapters)
        #expect(flags.settings.adapters.map(\.folder) == ["/a", "/b"])
        #expect(flags.settings.mediaDomains == ["a.example", ".b.example"])
        #expect(flags.memoryShare == 0.4)
        #expect(flags.settings.apiKey == "k")
        #expect(flags.settings.isVerbose)
        #expect(flags.settings.rootPath == "/x")
        #expect(flags.maxSequences == 3)
        #expect(flags.rest == ["MODEL", "temperature=0.2", "--top_p", "0.5"])
    }

    @Test func `wrong flags are refused by name`() {
        for arguments in [
            ["--port"], ["--port", "x"], ["--port", "70000"], ["--max-model-len", "0"], ["--lora-modules", "x"],
            ["--limit-mm-per-prompt", "x"],
            ["--gpu-memory-utilization", "2"], ["--tensor-parallel-size", "2"], ["--chat-template", "x"],
            ["--allowed-local-media-path", "/nowhere"],
        ] {
            #expect(throws: ServerFlagError.self, "\(arguments)") { try ServerFlags(arguments) }
        }
        #expect(throws: ServerFlagError.self) { try ServerFlags([], environment: ["API_PORT": "x"]) }
    }

    @Test func `a proxy's path is taken off`() {
        #expect(Routes.path("/x/v1/models", root: "/x") == "/v1/models")
        #expect(Routes.path("/v1/models", root: "/x/") == "/v1/models")
        #expect(Routes.path("/xv1", root: "/x") == "/xv1")
    }
}
