import Foundation
import Media
import Prompting
import RunConfig
import Testing

@testable import Inference

struct GenerationTests {
    static let models = [
        ("qwen2", "qwen", "short"), ("qwen2-untied", "qwen", "short"), ("qwen1.5", "qwen", "short"),
        ("llama2", "llama3", "short"),
        ("llama3", "llama3", "short"), ("qwen2.5-vl", "qwen2_vl", "image"),
    ]

    @Test("Greedy tokens equal transformers' generate", arguments: models)
    func greedy(_ name: String, _ template: String, _ key: String) throws {
        let (prompt, expected) = try Fixture.golden(name, case: key)
        let session = try Fixture.session(Fixture.model(name), "template=\(template)")
        let made = try session.complete([prompt], sampling: .greedy(maxNewTokens: 12), stopIDs: [])
        #expect(made[0].tokenIDs == expected)
        #expect(made[0].finish == .length)
    }

    @Test(
        "Greedy tokens with an adapter equal peft's, merged or not",
        arguments: [("qwen2", "qwen"), ("llama3", "llama3"), ("qwen2.5-vl", "qwen2_vl")])
    func adapters(_ name: String, _ template: String) throws {
        let golden: [String: [Int32]] = try Fixture.json("adapters")
        let expected = try #require(golden[name])
        let (prompt, base) = try Fixture.golden(name, case: name == "qwen2.5-vl" ? "image" : "short")
        // The small update of qwen2 changes logits, not the likeliest tokens.
        #expect(expected != base || name == "qwen2")
        for merges in [true, false] {
            let session = try Fixture.session(
                Fixture.model(name), "adapter_name_or_path=\(Fixture.adapter(name))", "template=\(template)",
                mergesAdapters: merges)
            let made = try session.complete([prompt], sampling: .greedy(maxNewTokens: 12), stopIDs: [])
            #expect(made[0].tokenIDs == expected, "merged: \(merges)")
        }
    }

    @Test("Prompts answered together give the answers they get alone")
    func batch() throws {
        let session = try Fixture.session(Fixture.model("qwen2.5-vl"), "template=qwen2_vl")
        let (image, _) = try Fixture.golden("qwen2.5-vl", case: "image")
        var prompts = [image]
        for length in [1, 5, 17] {
            let ids = (0..<length).map { Int32(($0 * 37 + length) % 380) }
            prompts.append(
                try Prompt(
                    tokenIDs: ids, images: PromptMedia(), videos: PromptMedia(), secondsPerGrid: [],
                    config: #require(session.vision)))
        }
        prompts.append(image)
        var random = SamplingSettings()
        random.maxNewTokens = 9
        for sampling in [SamplingSettings.greedy(maxNewTokens: 9), random] {
            let together = try session.complete(prompts, sampling: sampling, stopIDs: [])
            let alone = try prompts.enumerated().map {
                try session.complete([$1], sampling: sampling, firstStream: $0, stopIDs: [])[0]
            }
            #expect(together == alone)
            #expect(together.allSatisfy { $0.tokenIDs.count == 9 })
        }
    }

    @Test("An answer ends at a stop token, which is not part of it, at its limit, or when the receiver has enough")
    func ends() throws {
        let session = try Fixture.session(Fixture.model("qwen2"), "template=qwen")
        let (prompt, tokens) = try Fixture.golden("qwen2", case: "short")
        let stop = try #require(tokens.last { tokens.firstIndex(of: $0) != 0 })
        let before = Array(tokens.prefix { $0 != stop })
        let stopped = try session.complete([prompt], sampling: .greedy(maxNewTokens: 12), stopIDs: [stop])[0]
        #expect(stopped.tokenIDs == before)
        #expect(stopped.finish == .stop)
        let cancelled = try session.complete([prompt], sampling: .greedy(maxNewTokens: 12), stopIDs: []) { _, _ in false
        }[0]
        #expect(cancelled.tokenIDs == [tokens[0]])
        #expect(cancelled.finish == .cancelled)
        var settings = SamplingSettings.greedy(maxNewTokens: 0)
        settings.maxNewTokens = nil
        settings.maxLength = prompt.tokenIDs.count + 2
        #expect(try session.complete([prompt], sampling: settings, stopIDs: [])[0].tokenIDs == Array(tokens.prefix(2)))
        settings.maxLength = 1
        #expect(try session.complete([prompt], sampling: settings, stopIDs: [])[0].tokenIDs.isEmpty)
        // The template's stop word, and generation_config.json's id.
        #expect(session.stopIDs == [402])
    }

    @Test("The streamed text is the text of the answer")
    func streaming() throws {
        let session = try Fixture.session(Fixture.model("qwen2.5-vl"), "template=qwen2_vl")
        var conversation = Conversation(messages: [Message(.user, "图片满足要求吗？<image>")])
        conversation.images = [.file(path: try #require(Self.pictures.first))]
        let parts = Collected<String>(count: 64)
        let counter = Counter()
        let reply = try session.reply(to: conversation, sampling: .greedy(maxNewTokens: 20)) { written in
            parts.set(counter.next(), written.answer)
            return true
        }
        #expect(parts.values.joined() == reply.text)
        #expect(reply.completion.tokenIDs.count == 20)
        #expect(parts.values.count > 1)
    }

    struct Chat: Decodable, Sendable {
        let model: String, adapter: String?, settings: [String], system: String?, messages: [String], images: [String]
        let reply: String, finish: Completion.Finish, promptLength: Int
    }

    @Test("Whole replies, from text and image files on, equal those of LLaMA-Factory's chat engine")
    func chats() throws {
        let chats: [Chat] = try Fixture.json("chats")
        for chat in chats {
            var arguments = [Fixture.model(chat.model), "max_new_tokens=24", "do_sample=false"] + chat.settings
            if let adapter = chat.adapter { arguments.append("adapter_name_or_path=\(Fixture.adapter(adapter))") }
            let config = try RunConfig.load(modelArguments: arguments, purpose: .inference)
            let session = try InferenceSession(InferenceSettings(config))
            let conversation = Conversation(
                system: chat.system,
                messages: chat.messages.enumerated().map { Message($0.isMultiple(of: 2) ? .user : .assistant, $1) },
                images: chat.images.map { .file(path: "\(Fixture.image)/\($0)") })
            let made = try session.reply(to: conversation, sampling: SamplingSettings(config.generation, seed: 0))
            #expect(try session.prompt(conversation).prompt.tokenIDs.count == chat.promptLength)
            #expect(made.text == chat.reply, "\(chat.model) \(chat.settings)")
            #expect(made.completion.finish == chat.finish)
        }
        #expect(chats.count == 7)
    }

    static let pictures = ((try? FileManager.default.contentsOfDirectory(atPath: Fixture.image)) ?? []).sorted().map {
        "\(Fixture.image)/\($0)"
    }
}

/// Counts calls. `@unchecked`: touched by one thread at a time.
final class Counter: @unchecked Sendable {
    private var count = -1
    func next() -> Int {
        count += 1
        return count
    }
}
