import Media
import Testing

@testable import Prompting

/// What LLaMA-Factory's templates write, piece by piece.
@Suite("Template goldens") struct TemplateGoldenTests {
    struct Golden: Decodable {
        struct Turn: Decodable {
            var role: String
            var content: String
        }
        struct Talk: Decodable {
            var system: String?
            var tools: String?
            var messages: [Turn]
        }
        struct Form: Decodable {
            var stopWords: [String]
            var defaultSystem: String
            /// E: efficient end of sequence, R: replaces it, J: replaces the chat template.
            var flags: String
            var toolFormat: String
            var pieces: [String: [[[String]]]]
        }
        var conversations: [String: Talk]
        var templates: [String: Form]
    }

    static let golden = Result { try Fixture.decode(Golden.self, "templates.json") }

    private static func conversation(_ talk: Golden.Talk) throws -> Conversation {
        Conversation(
            system: talk.system, tools: talk.tools,
            messages: try talk.messages.map { Message(try #require(Role(rawValue: $0.role)), $0.content) })
    }

    private static func pieces(_ slots: [Slot]) -> [String] { slots.map(\.rendered).filter { !$0.isEmpty } }

    @Test("all 124 templates write what LLaMA-Factory writes, piece by piece")
    func pieces() throws {
        let golden = try Self.golden.get()
        #expect(golden.templates.keys.sorted() == TemplateCatalog.all.map(\.name))
        #expect(golden.templates.count == 124)
        var numRenders = 0
        for template in TemplateCatalog.all {
            let form = try #require(golden.templates[template.name])
            #expect(template.stopWords == form.stopWords, "\(template.name)")
            #expect(template.defaultSystem == form.defaultSystem, "\(template.name)")
            #expect(template.toolFormat.name == form.toolFormat, "\(template.name)")
            let flags =
                (template.hasEfficientEOS ? "E" : "") + (template.replacesEOS ? "R" : "")
                + (template.replacesJinja ? "J" : "")
            #expect(flags == form.flags, "\(template.name)")
            for (name, expected) in form.pieces {
                let conversation = try Self.conversation(try #require(golden.conversations[name]))
                let pairs = try template.render(conversation, toolDate: "20 Nov 2026")
                let found = pairs.map { [Self.pieces($0.prompt), Self.pieces($0.response)] }
                #expect(found == expected, "\(template.name) \(name)")
                numRenders += 1
            }
        }
        #expect(numRenders == 4 * 124 + 5)
    }

    @Test("a template whose media are not supported yet takes text and refuses media by name")
    func unsupportedMedia() throws {
        let tokenizer = try Fixture.tokenizer("qwen-tiny")
        let encoder = try ConversationEncoder(template: .llava, tokenizer: tokenizer)
        let messages = [Message(.user, "Hi"), Message(.assistant, "Hello")]
        #expect(try !encoder.encode(Conversation(messages: messages)).inputIDs.isEmpty)
        let pictured = Conversation(
            messages: [Message(.user, "<image>Hi"), Message(.assistant, "Hello")], images: [.file(path: "a.png")])
        #expect {
            _ = try encoder.encode(pictured)
        } throws: {
            "\($0)".hasPrefix("template llava writes media as LLaMA-Factory's llava, which is not supported yet")
        }
        let marked = Conversation(messages: [Message(.user, "<image>Hi"), Message(.assistant, "Hello")])
        #expect(throws: ConversationError.self) { try encoder.encode(marked) }
    }
}
