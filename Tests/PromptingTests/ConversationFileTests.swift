import JSON
import Testing

@testable import Prompting

@Suite("Conversation files") struct ConversationFileTests {
    @Test("messages, system and tools are read; tools as a list or as its text")
    func reading() throws {
        let turns = #""messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]"#
        for tools in [#"[{"name": "f"}]"#, #""[{\"name\": \"f\"}]""#] {
            let value = try JSONValue(parsing: "{\(turns), \"system\": \"s\", \"tools\": \(tools)}")
            #expect(
                try ConversationFile.conversation(value)
                    == Conversation(
                        system: "s", tools: #"[{"name": "f"}]"#,
                        messages: [Message(.user, "a"), Message(.assistant, "b")]))
        }
        let bare = try ConversationFile.conversation(
            try JSONValue(parsing: "{\(turns), \"system\": null, \"tools\": null}"))
        #expect(bare.system == nil && bare.tools == nil)
    }

    @Test(
        "what is wrong is named by message and key",
        arguments: [
            ("[]", "a conversation has to be an object with \"messages\", not a list"),
            (#"{"messages": 1}"#, "\"messages\" has to be a list of {\"role\", \"content\"}"),
            (#"{"messages": [], "image": 1}"#, "\"image\" is none of the keys messages, system and tools"),
            (
                #"{"messages": [{"role": "bot", "content": ""}]}"#,
                "message 1: \"role\" has to be user, assistant, function or observation"
            ),
            (#"{"messages": [{"role": "user"}]}"#, "message 1: \"content\" has to be text"),
            (#"{"messages": [], "system": 1}"#, "\"system\" has to be text, not a number"),
            (
                #"{"messages": [], "tools": true}"#,
                "\"tools\" has to be a list of tools or its JSON text, not true or false"
            ),
        ])
    func mistakes(text: String, message: String) throws {
        let value = try JSONValue(parsing: text)
        #expect {
            try ConversationFile.conversation(value)
        } throws: {
            "\($0)" == message
        }
    }

    @Test("a tool that cannot be described is named with its template")
    func badTool() throws {
        let conversation = Conversation(
            tools: #"[{"name": "f"}]"#, messages: [Message(.user, "a"), Message(.assistant, "b")])
        #expect {
            try Template.default.render(conversation)
        } throws: {
            "\($0)" == "template default: tools: f has no \"parameters\" with \"properties\""
        }
    }

    @Test("a file that is not there, or is a folder, is told")
    func missing() {
        func message(_ path: String) -> String {
            do throws(ConversationFileError) {
                _ = try ConversationFile.read(path)
                return "no error"
            } catch { return error.message }
        }
        #expect(
            message("/nowhere/a.json")
                == "/nowhere/a.json: there is no such file; it should hold {\"messages\": [{\"role\", \"content\"}]}")
        #expect(message("/tmp") == "/tmp is a folder: name the JSON file with the conversation")
    }
}
