import Media
import Testing

@testable import Prompting

@Suite("Conversation encoder") struct ConversationEncoderTests {
    static func encoder(_ template: Template, _ settings: EncodingSettings = EncodingSettings()) throws
        -> ConversationEncoder
    {
        var tokenizer = try Fixture.tokenizer("qwen-tiny")
        try template.fit(&tokenizer)
        return try ConversationEncoder(template: template, tokenizer: tokenizer, settings: settings)
    }

    static let image = MediaSource.file(path: "a.jpg")
    static let grid = PatchGrid(time: 1, height: 4, width: 4)

    struct Refusal: Sendable, CustomTestStringConvertible {
        var conversation: Conversation
        var media = MediaGrids.none
        var template = "qwen2_vl"
        var reason: ConversationError.Reason
        var message: String
        var testDescription: String { message }
    }

    @Test(
        "odd conversations are refused with a reason",
        arguments: [
            Refusal(conversation: Conversation(messages: []), reason: .empty, message: "no messages"),
            Refusal(
                conversation: Conversation(messages: [Message(.assistant, "a")]), reason: .turnOrder,
                message: "message 1 is by assistant, where user or observation has to be"),
            Refusal(
                conversation: Conversation(messages: [Message(.user, "a"), Message(.user, "b")]), reason: .turnOrder,
                message: "message 2 is by user, where assistant or function has to be"),
            Refusal(
                conversation: Conversation(messages: [Message(.user, "a")]), reason: .turnOrder,
                message: "ends without an answer after message 1"),
            Refusal(
                conversation: Conversation(
                    messages: [Message(.user, "<image><image>"), Message(.assistant, "")], images: [image]),
                media: MediaGrids(images: [grid]), reason: .mediaCount,
                message: "the messages have 2 <image> marks but 1 file is given: write one <image> where each belongs"),
            Refusal(
                conversation: Conversation(messages: [Message(.user, "<video>"), Message(.assistant, "")]),
                reason: .mediaCount,
                message: "1 <video> mark but no video is given: name its file in a column `videos`, or remove the mark"),
            Refusal(
                conversation: Conversation(
                    messages: [Message(.user, "<image>"), Message(.assistant, "")], images: [image]),
                reason: .mediaCount, message: "1 files are given for <image> but 0 were read"),
            Refusal(
                conversation: Conversation(
                    messages: [Message(.user, "<image>"), Message(.assistant, "")], images: [image]),
                media: MediaGrids(images: [grid]), template: "qwen", reason: .mediaUnsupported,
                message: "template qwen takes no image input but the conversation has 1"),
            Refusal(
                conversation: Conversation(messages: [Message(.user, "<|image_pad|>"), Message(.assistant, "")]),
                reason: .mediaTokensInText, message: "the text itself holds <|image_pad|>"),
            Refusal(
                conversation: Conversation(messages: [Message(.user, "a"), Message(.function, "{\"name\": \"f\"}")]),
                reason: .tools, message: "lacks \"name\" or \"arguments\""),
            Refusal(
                conversation: Conversation(messages: [Message(.user, "a"), Message(.function, "call f")]),
                reason: .tools, message: "a function message is not JSON"),
            Refusal(
                conversation: Conversation(tools: "{}", messages: [Message(.user, "a"), Message(.assistant, "b")]),
                reason: .tools, message: "tools must be a JSON list"),
            Refusal(
                conversation: Conversation(tools: "[", messages: [Message(.user, "a"), Message(.assistant, "b")]),
                reason: .tools, message: "the JSON ends too early"),
            Refusal(
                conversation: Conversation(
                    tools: "[{\"name\": \"f\"}]", messages: [Message(.user, "a"), Message(.assistant, "b")]),
                template: "default", reason: .tools, message: "f has no \"parameters\" with \"properties\""),
        ])
    func refused(refusal: Refusal) throws {
        let encoder = try Self.encoder(try TemplateCatalog.template(named: refusal.template))
        do throws(ConversationError) {
            _ = try encoder.encode(refusal.conversation, media: refusal.media)
            Issue.record("it was accepted")
        } catch {
            #expect(error.reason == refusal.reason)
            #expect(error.message.contains(refusal.message), "\(error.message)")
        }
    }

    @Test("media spans say where the media are, and are never cut")
    func mediaSpans() throws {
        let conversation = Conversation(
            messages: [Message(.user, "<image>one<image>"), Message(.assistant, "ok")],
            images: [Self.image, Self.image])
        let grids = MediaGrids(images: [Self.grid, PatchGrid(time: 1, height: 2, width: 6)])
        let example = try Self.encoder(.qwen2VL).encode(conversation, media: grids)
        #expect(example.mediaSpans.map(\.range.count) == [6, 5])
        #expect(example.keptImages == [0, 1] && example.keptVideos == [])
        let tokenizer = try Fixture.tokenizer("qwen-tiny")
        for span in example.mediaSpans {
            let text = tokenizer.decode(example.inputIDs[span.range])
            let pads = String(repeating: "<|image_pad|>", count: span.range.count - 2)
            #expect(text == "<|vision_start|>\(pads)<|vision_end|>")
        }
        var numCut = 0
        for cutoff in 1...example.inputIDs.count {
            let encoder = try Self.encoder(.qwen2VL, EncodingSettings(cutoffLength: cutoff))
            do throws(ConversationError) {
                let short = try encoder.encode(conversation, media: grids)
                #expect(short.mediaSpans == example.mediaSpans)
                #expect(short.inputIDs.count <= cutoff)
            } catch {
                #expect(error.reason == .mediaCut && error.isDroppable)
                #expect(error.message.contains("cutoff_len") && error.message.contains("image_max_pixels"))
                numCut += 1
            }
        }
        #expect(numCut > 20)
    }

    @Test("turns that do not fit are counted, and their images go with them")
    func droppedTurns() throws {
        let conversation = Conversation(
            messages: [
                Message(.user, "<image>1"), Message(.assistant, "one"), Message(.user, "<image>2"),
                Message(.assistant, "two"),
            ], images: [Self.image, Self.image])
        let grids = MediaGrids(images: [Self.grid, Self.grid])
        let whole = try Self.encoder(.qwen2VL).encode(conversation, media: grids)
        #expect(!whole.isTruncated && whole.numDroppedTurns == 0)
        var settings = EncodingSettings(cutoffLength: whole.mediaSpans[1].range.lowerBound - 3)
        let first = try Self.encoder(.qwen2VL, settings).encode(conversation, media: grids)
        #expect(first.numDroppedTurns == 1 && first.keptImages == [0])
        settings = EncodingSettings(cutoffLength: whole.inputIDs.count / 3, masksHistory: true)
        let last = try Self.encoder(.qwen2VL, settings).encode(conversation, media: grids)
        #expect(last.keptImages == [1] && last.numDroppedTurns == 1)
    }

    @Test("a cut through what the template writes is told from a cut through a message")
    func truncation() throws {
        func truncation(_ template: Template, _ question: String, _ answer: String, _ cutoff: Int) throws -> Truncation
        {
            try Self.encoder(template, EncodingSettings(cutoffLength: cutoff)).encode(
                Conversation(messages: [
                    Message(.user, question), Message(.assistant, answer), Message(.user, "a"),
                    Message(.assistant, "b"),
                ])
            ).truncation
        }
        let long = String(repeating: "a b ", count: 200)
        #expect(try truncation(.qwen, "a", "b", 400) == .none)
        #expect(try truncation(.qwen, long, "b", 100) == .promptEnd)
        #expect(try truncation(.qwen, "a", long, 100) == .answerEnd)
        #expect(try truncation(.qwen, long, long, 100) == .promptEnd)
        // Nothing stands behind a message of this template; of the first pair everything fits.
        #expect(try truncation(.empty, long, "b", 100) == .text)
        #expect(try truncation(.empty, "a", "b", 2) == .turns)
        #expect(Template.openchat.truncation(of: .observation) == .promptEnd)
        #expect(Template.hyDense18B.truncation(of: .assistant) == .text)
    }

    @Test("a message's own loss setting wins over the run's")
    func messageLoss() throws {
        var conversation = Conversation(messages: [
            Message(.user, "a"), Message(.assistant, "b", loss: false), Message(.user, "c"), Message(.assistant, "d"),
        ])
        let encoder = try Self.encoder(.empty)
        #expect(try encoder.encode(conversation).labels == [-100, -100, -100, 67])
        conversation.messages[0].loss = true
        #expect(try encoder.encode(conversation).labels == [64, -100, -100, 67])
        let masked = try Self.encoder(.empty, EncodingSettings(masksHistory: true))
        conversation.messages[1].loss = true
        #expect(try masked.encode(conversation).labels == [64, 65, -100, 67])
        #expect(try masked.encode(conversation).numTrainedTokens == 3)
    }

    @Test("the prompt of a chat equals the start of the same training example")
    func promptIsExampleStart() throws {
        let encoder = try Self.encoder(.qwen)
        let messages = [
            Message(.user, "hello"), Message(.assistant, "Hello!"), Message(.user, "你好"), Message(.assistant, "今天晴"),
        ]
        let example = try encoder.encode(Conversation(messages: messages))
        let prompt = try encoder.encodePrompt(Conversation(messages: Array(messages.dropLast())))
        #expect(Array(example.inputIDs.prefix(prompt.inputIDs.count)) == prompt.inputIDs)
        let labelled = try encoder.encodePrompt(Conversation(messages: messages))
        #expect(labelled.inputIDs + labelled.labelIDs == example.inputIDs)
        #expect(!labelled.isTruncated)
        let cut = try encoder.encodePrompt(Conversation(messages: messages), cutoff: 30)
        #expect(cut.isTruncated && cut.inputIDs.count + cut.labelIDs.count == 30)
        #expect(cut.labelIDs == labelled.labelIDs)
    }

    @Test("a batch gives each conversation's own result")
    func batch() throws {
        let encoder = try Self.encoder(.qwen)
        let conversations = (0..<50).map { index in
            Conversation(messages: index % 7 == 3 ? [] : [Message(.user, "\(index)"), Message(.assistant, "x")])
        }
        let results = encoder.encode(batch: conversations)
        #expect(results.count == 50)
        for (conversation, result) in zip(conversations, results) {
            #expect((try? result.get()) == (try? encoder.encode(conversation)))
        }
    }

    @Test("settings that exclude the template are refused")
    func settings() throws {
        let tokenizer = try Fixture.tokenizer("qwen-tiny")
        let efficient = Template("solar", hasEfficientEOS: true)
        #expect(throws: TemplateError.self) {
            try ConversationEncoder(
                template: efficient, tokenizer: tokenizer, settings: EncodingSettings(trainsOnPrompt: true))
        }
        #expect(throws: TemplateError.self) {
            try ConversationEncoder(
                template: .qwen, tokenizer: tokenizer, settings: EncodingSettings(cutoffLength: 0))
        }
        #expect {
            _ = try ConversationEncoder(template: .qwen2VL, tokenizer: try Fixture.tokenizer("llama3-tiny"))
        } throws: {
            "\($0)".contains("writes <|image_pad|>, which the tokenizer lacks")
        }
    }
}
