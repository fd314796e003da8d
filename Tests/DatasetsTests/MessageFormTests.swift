import Foundation
import JSON
import Prompting
import TestSupport
import Testing

@testable import Datasets

/// The forms of rows beyond the plain ones: tools, history, ms-swift's variants, Label Studio.
@Suite struct MessageFormTests {
    @Test func `tools, calls and histories convert as LLaMA-Factory converts them`() throws {
        let decoder = JSONDecoder()
        let url = Golden.folder.appendingPathComponent("converters.json")
        let golden = try decoder.decode([String: [Golden.Row?]].self, from: Data(contentsOf: url))
        let folder = Golden.folder.appendingPathComponent("converters").path
        let catalog = try DatasetCatalog(folder: folder)
        #expect(Set(catalog.names) == Set(golden.keys))
        for (name, expected) in golden {
            let rows = try catalog.load(name).rows.map { $0.kept.map { Golden.Row($0, relativeTo: folder) } }
            #expect(rows.count == expected.count, "\(name)")
            for (index, (row, wanted)) in zip(rows, expected).enumerated() {
                #expect(row == wanted, "\(name) row \(index + 1)")
            }
        }
    }

    /// The conversation of a file with one row that is in no dataset_info.json.
    private static func detected(_ row: String) throws -> Conversation? {
        let folder = try TemporaryFolder(["d.jsonl": row])
        return try DatasetCatalog(folder: folder.path).load("d.jsonl").keptRows.first?.conversation
    }

    private static let call = #"[{"name": "f", "arguments": {"a": 1}}]"#
    private static let calls = #"[{"name": "f", "arguments": {"a": 1}}, {"name": "g", "arguments": {}}]"#

    @Test(arguments: [
        // OpenAI's calls beside a text, one and two at once.
        #"{"role": "assistant", "content": "hm", "tool_calls": [{"id": "1", "type": "function", "function": {"name": "f", "arguments": {"a": 1}}}]}"#,
        // Without a content.
        #"{"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": {"a": 1}}}]}"#,
        #"{"role": "tool_call", "content": "{\"name\": \"f\", \"arguments\": {\"a\": 1}}"}"#,
        // Anthropic's.
        #"{"role": "assistant", "content": [{"type": "text", "text": "hm"}, {"type": "tool_use", "id": "1", "name": "f", "input": {"a": 1}}]}"#,
    ])
    func `one call of a tool is found in every form`(_ message: String) throws {
        for answer in [
            #"{"role": "tool", "content": "r"}"#, #"{"role": "tool_response", "content": "r"}"#,
            #"{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1", "content": "r"}]}"#,
            #"{"role": "tool", "content": [{"type": "text", "text": "r"}]}"#,
        ] {
            let row =
                #"{"messages": [{"role": "user", "content": "u"}, \#(message), \#(answer), {"role": "assistant", "content": "a"}]}"#
            let conversation = try #require(try Self.detected(row), "\(row)")
            #expect(conversation.messages.map(\.role) == [.user, .function, .observation, .assistant], "\(row)")
            let content = conversation.messages[1].content
            let called = try JSONValue(parsing: content)
            #expect((called.arrayValue?.first ?? called)["arguments"] == ["a": 1])
            #expect(conversation.messages[2].content == "r")
        }
    }

    @Test func `neighbouring calls become one list, neighbouring answers one answer`() throws {
        let answers =
            #"{"role": "tool", "content": "r1"}, {"role": "tool", "content": "r2"}, {"role": "assistant", "content": "a"}"#
        for written in [
            #"{"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": {"a": 1}}}, {"function": {"name": "g", "arguments": {}}}]}"#,
            #"{"role": "tool_call", "content": "{\"name\": \"f\", \"arguments\": {\"a\": 1}}"}, {"role": "tool_call", "content": "{\"name\": \"g\", \"arguments\": {}}"}"#,
        ] {
            let row = #"{"messages": [{"role": "user", "content": "u"}, \#(written), \#(answers)]}"#
            #expect(
                try Self.detected(row)?.messages == [
                    Message(.user, "u"), Message(.function, Self.calls),
                    Message(.observation, "r1\n</tool_response>\n<tool_response>\nr2"), Message(.assistant, "a"),
                ])
        }
    }

    @Test func `a call keeps whether it is learned, and a column of JSON text is its list`() throws {
        let call =
            #"{"role": "assistant", "loss": false, "tool_calls": [{"function": {"name": "f", "arguments": {"a": 1}}}]}"#
        let list =
            #"[{"role": "user", "content": "u"}, \#(call), {"role": "tool", "content": "r"}, {"role": "assistant", "content": "a"}]"#
        let messages = [
            Message(.user, "u"), Message(.function, Self.call, loss: false), Message(.observation, "r"),
            Message(.assistant, "a"),
        ]
        #expect(try Self.detected(#"{"messages": \#(list)}"#)?.messages == messages)
        let text = JSONValue.object([.init("messages", .string(list))]).text()
        #expect(try Self.detected(text)?.messages == messages)
    }

    @Test func `a message keeps what it weighs in the loss, and a weight that is none is a mistake`() throws {
        func row(_ weight: String) -> String {
            #"{"messages": [{"role": "user", "content": "u"}, {"role": "assistant", "content": "a", "loss_scale": \#(weight)}]}"#
        }
        for (text, weight) in [("2", 2), ("0.5", 0.5), ("0", 0), ("null", nil)] as [(String, Float?)] {
            #expect(
                try Self.detected(row(text))?.messages == [
                    Message(.user, "u"), Message(.assistant, "a", lossScale: weight),
                ]
            )
        }
        for text in ["-1", #""2""#, "[1]"] {
            let folder = try TemporaryFolder(["d.jsonl": row("1") + "\n" + row(text)])
            #expect(
                try DatasetCatalog(folder: folder.path).load("d.jsonl").report.dropped.first?.reason
                    == DropReason("'loss_scale' of a message is \(text): write a number, 0 or more", isMistake: true))
        }
    }

    @Test func `a call without a name, a call that is no JSON and marks of boxes are dropped with what to write`()
        throws
    {
        func reason(_ row: String) throws -> String {
            let good =
                #"{"messages": [{"role": "user", "content": "u"}, {"role": "assistant", "content": "a"}], "objects": {"ref": []}}"#
            let folder = try TemporaryFolder(["d.jsonl": good + "\n" + row])
            return try DatasetCatalog(folder: folder.path).load("d.jsonl").report.dropped.first?.reason.description
                ?? "kept"
        }
        #expect(
            try reason(
                #"{"messages": [{"role": "user", "content": "u"}, {"role": "assistant", "tool_calls": [{"function": {}}]}]}"#
            )
                == "a tool call has no name: write {\"name\": \"…\", \"arguments\": {…}}")
        #expect(
            try reason(
                #"{"messages": [{"role": "user", "content": "u"}, {"role": "tool_call", "content": "f()"}, {"role": "tool_call", "content": "g()"}]}"#
            ) == "a tool call is not JSON: write {\"name\": \"…\", \"arguments\": {…}}")
        #expect(
            try reason(
                #"{"messages": [{"role": "user", "content": "where is <ref-object>?"}, {"role": "assistant", "content": "<bbox>"}], "objects": {"ref": ["cat"], "bbox": [[1, 2, 3, 4]]}}"#
            ).hasPrefix("the text has a <bbox> mark, which is to be filled from `objects`"))
    }
}
