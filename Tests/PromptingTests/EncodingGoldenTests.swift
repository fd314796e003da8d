import Media
import Testing

@testable import Prompting

/// Ids and labels of LLaMA-Factory's own processors.
@Suite("Encoding goldens") struct EncodingGoldenTests {
    struct Golden: Decodable {
        struct Turn: Decodable {
            var role: String
            var content: String
        }
        struct Talk: Decodable {
            var system: String?
            var tools: String?
            var images: [[Int]]?
            var videos: [[Int]]?
            var messages: [Turn]
        }
        struct Settings: Decodable {
            var cutoffLength: Int?
            var trainsOnPrompt: Bool?
            var masksHistory: Bool?
            var enableThinking: Bool?
            var preservesThinking: Bool?
            var defaultSystem: String?
            /// `enable_thinking: null` is a value of its own, unlike a missing key.
            var thinking: Bool?

            enum CodingKeys: CodingKey {
                case cutoffLength, trainsOnPrompt, masksHistory, enableThinking, preservesThinking, defaultSystem
            }

            init(from decoder: any Decoder) throws {
                let values = try decoder.container(keyedBy: CodingKeys.self)
                cutoffLength = try values.decodeIfPresent(Int.self, forKey: .cutoffLength)
                trainsOnPrompt = try values.decodeIfPresent(Bool.self, forKey: .trainsOnPrompt)
                masksHistory = try values.decodeIfPresent(Bool.self, forKey: .masksHistory)
                preservesThinking = try values.decodeIfPresent(Bool.self, forKey: .preservesThinking)
                defaultSystem = try values.decodeIfPresent(String.self, forKey: .defaultSystem)
                thinking =
                    values.contains(.enableThinking)
                    ? try values.decodeIfPresent(Bool.self, forKey: .enableThinking) : true
            }
        }
        struct Case: Decodable {
            var template: String
            var conversation: String
            var settings: Settings
            var ids: [Int32]
            /// A letter a label: "." for -100, "x" for the id itself, "e" for the end of sequence.
            var trained: String
            var promptLength: Int?
            var prompt: [Int32]?
            var answer: [Int32]?
            var losesMedia: Bool?
        }
        struct Family: Decodable {
            var folder: String
            var jinja: String?
            var stopIDs: [Int32]
            var eos: Int32
            var pad: Int32
            var length: Int
        }
        var conversations: [String: Talk]
        var templates: [String: Family]
        var seqlen: [[Int]]
        var cases: [Case]
    }

    static let golden = Result { try Fixture.decode(Golden.self, "encoding.json") }

    static func conversation(_ talk: Golden.Talk) throws -> (Conversation, MediaGrids) {
        let grid = { (size: [Int]) in PatchGrid(time: size[0], height: size[1], width: size[2]) }
        let grids = MediaGrids(images: (talk.images ?? []).map(grid), videos: (talk.videos ?? []).map(grid))
        let messages = try talk.messages.map { turn in
            Message(try #require(Role(rawValue: turn.role)), turn.content)
        }
        let conversation = Conversation(
            system: talk.system, tools: talk.tools, messages: messages,
            images: grids.images.map { _ in .file(path: "image") },
            videos: grids.videos.map { _ in .file(path: "video") })
        return (conversation, grids)
    }

    static func encoder(_ item: Golden.Case, _ golden: Golden) throws -> ConversationEncoder {
        var template = try TemplateCatalog.template(named: item.template)
        if let system = item.settings.defaultSystem { template.defaultSystem = system }
        var tokenizer = try Fixture.tokenizer(item.template == "llama3" ? "llama3-tiny" : "qwen-tiny")
        try template.fit(&tokenizer)
        let settings = item.settings
        var encoder = try ConversationEncoder(
            template: template, tokenizer: tokenizer,
            settings: EncodingSettings(
                cutoffLength: settings.cutoffLength ?? 2048, trainsOnPrompt: settings.trainsOnPrompt ?? false,
                masksHistory: settings.masksHistory ?? false, enableThinking: settings.thinking,
                preservesThinking: settings.preservesThinking ?? false))
        encoder.toolDate = "05 Nov 2026"
        return encoder
    }

    @Test("ids, labels and prompts equal LLaMA-Factory's in every case")
    func cases() throws {
        let golden = try Self.golden.get()
        #expect(golden.cases.count == 310)
        var numRejected = 0
        for item in golden.cases {
            let name: Comment = "\(item.template) \(item.conversation) \(item.settings)"
            let encoder = try Self.encoder(item, golden)
            let (conversation, grids) = try Self.conversation(try #require(golden.conversations[item.conversation]))
            do throws(ConversationError) {
                let example = try encoder.encode(conversation, media: grids)
                #expect(example.inputIDs == item.ids, name)
                let letters = zip(example.inputIDs, example.labels).map { id, label in
                    label == EncodedExample.ignored ? "." : label == id ? "x" : "e"
                }
                #expect(letters.joined() == item.trained, name)
                #expect(example.labels.count == example.inputIDs.count)
                // Where whole turns with their media are left out, the media are left out with them.
                #expect(item.losesMedia != true || example.numDroppedTurns > 0, name)
            } catch {
                #expect(error.reason == .mediaCut && item.losesMedia == true, name)
                numRejected += 1
                continue
            }
            try checkPrompt(item, encoder, conversation, grids, name)
        }
        #expect(numRejected > 3)
    }

    private func checkPrompt(
        _ item: Golden.Case, _ encoder: ConversationEncoder, _ conversation: Conversation, _ grids: MediaGrids,
        _ name: Comment
    ) throws {
        guard item.promptLength != nil || item.prompt != nil, item.losesMedia != true else { return }
        do throws(ConversationError) {
            let prompt = try encoder.encodePrompt(
                conversation, media: grids, cutoff: encoder.settings.cutoffLength)
            let length = item.promptLength ?? 0
            #expect(prompt.inputIDs == item.prompt ?? Array(item.ids.prefix(length)), name)
            #expect(prompt.labelIDs == item.answer ?? Array(item.ids.dropFirst(length)), name)
        } catch {
            #expect(error.reason == .mediaCut, name)
        }
    }

    @Test("a fitted tokenizer has LLaMA-Factory's stop ids, size and chat template")
    func fitting() throws {
        let golden = try Self.golden.get()
        #expect(golden.templates.count == 8)
        for (name, family) in golden.templates {
            let template = try TemplateCatalog.template(named: name)
            var tokenizer = try Fixture.tokenizer(family.folder)
            try template.fit(&tokenizer)
            #expect(template.stopIDs(tokenizer: tokenizer).sorted() == family.stopIDs, "\(name)")
            #expect(tokenizer.eosID == family.eos)
            #expect(tokenizer.padID == family.pad)
            #expect(tokenizer.vocabularySize == family.length)
            #expect(tokenizer.chatTemplate == family.jinja, "\(name)")
        }
    }

    @Test("prompt and answer share a cutoff as in LLaMA-Factory")
    func budget() throws {
        let golden = try Self.golden.get()
        #expect(golden.seqlen.count == 405)
        for row in golden.seqlen {
            let (source, target) = LengthBudget.share(source: row[0], target: row[1], cutoff: row[2])
            #expect([source, target] == Array(row[3...]), "\(row)")
        }
    }
}
