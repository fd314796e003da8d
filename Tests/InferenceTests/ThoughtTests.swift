import Foundation
import Prompting
import Testing

@testable import Inference

struct ThoughtTests {
    static let words = ThoughtWords()

    static func encoder(_ template: String = "qwen3") throws -> PromptEncoder {
        let config = try Fixture.config(Fixture.model("qwen2"), "template=\(template)")
        return try PromptEncoder(InferenceSettings(config))
    }

    static func thoughtGuard(
        _ encoder: PromptEncoder, isOpen: Bool = false, budget: Int? = nil, stopsLoops: Bool = false
    ) -> ThoughtGuard {
        ThoughtGuard(words, tokenizer: encoder.tokenizer, isOpen: isOpen, budget: budget, stopsLoops: stopsLoops)
    }

    @Test("A thought is closed after its budget, counted from its opening words on", arguments: [0, 1, 7])
    func budget(_ budget: Int) throws {
        let encoder = try Self.encoder(), tokenizer = encoder.tokenizer
        var guarded = Self.thoughtGuard(encoder, budget: budget)
        let begin = guarded.begin()
        #expect(begin.isEmpty)
        for id in tokenizer.encode("<think>").dropLast() {
            let closing = guarded.accept(id)
            #expect(closing.isEmpty)
        }
        var closing = guarded.accept(tokenizer.encode("<think>").last ?? 0)
        var count = 0
        for id in tokenizer.encode("some words that go on for a while, and on") where closing.isEmpty {
            count += 1
            closing = guarded.accept(id)
        }
        #expect(count == budget)
        #expect(closing == tokenizer.encode("\n</think>\n\n"))
        #expect(guarded.closing == .budget)
        let more = guarded.accept(40)
        #expect(more.isEmpty)
    }

    @Test("A thought that ends by itself, or an answer without one, is left alone")
    func alone() throws {
        let encoder = try Self.encoder()
        for text in [
            "<think>\nshort\n</think>\n\nan answer that is long, long, long", "an answer and no thought, none at all",
        ] {
            var guarded = Self.thoughtGuard(encoder, budget: 20, stopsLoops: true)
            for id in encoder.tokenizer.encode(text) {
                let closing = guarded.accept(id)
                #expect(closing.isEmpty, "\(text)")
            }
            #expect(guarded.closing == nil)
        }
    }

    @Test("A thought that the prompt has opened counts from its first token")
    func open() throws {
        let encoder = try Self.encoder()
        var none = Self.thoughtGuard(encoder, isOpen: true, budget: 0)
        let begin = none.begin()
        #expect(begin == encoder.tokenizer.encode("\n</think>\n\n"))
        var two = Self.thoughtGuard(encoder, isOpen: true, budget: 2)
        let closings = [two.begin(), two.accept(40), two.accept(41)]
        #expect(closings.map(\.isEmpty) == [true, true, false])
        #expect(encoder.opensThought(encoder.prompt(text: "Hello <think>\n")))
        #expect(!encoder.opensThought(encoder.prompt(text: "Hello <think>\n\n</think>\n\n")))
    }

    @Test(
        "Circles are found: exact ones of any length, and such as change a little", arguments: [1, 2, 7, 40, 200, 512])
    func circles(_ period: Int) {
        var detector = LoopDetector()
        var random = SchedulerTests.Random(UInt64(period))
        // Words before the circle begins.
        for _ in 0..<300 {
            let repeats = detector.append(Int32(random.below(5000)))
            #expect(!repeats)
        }
        let circle = (0..<period).map { _ in Int32(random.below(5000)) }
        var place = 0
        while place < 4000, !detector.append(circle[place % period]) { place += 1 }
        #expect(place + 1 <= max(3 * period, LoopDetector.fewestRepeated + period), "after \(place + 1) tokens")
        #expect(place + 1 >= max(2 * period, LoopDetector.fewestRepeated), "after \(place + 1) tokens")
    }

    @Test("Rounds that differ in a number are a circle, too; a text that goes on is none")
    func looseCircles() {
        var random = SchedulerTests.Random(3)
        let sentence = (0..<60).map { _ in Int32(random.below(5000)) }
        var detector = LoopDetector()
        var found: Int?
        for round in 0..<40 where found == nil {
            for token in sentence + [Int32(6000 + round)] where found == nil {
                if detector.append(token) { found = round }
            }
        }
        #expect(found.map { (4...10).contains($0) } == true, "\(String(describing: found))")
        // A text with few words, but no circle.
        var quiet = LoopDetector()
        for index in 0..<4000 {
            let repeats = quiet.append(Int32(random.below(300)))
            #expect(!repeats, "\(index)")
        }
    }

    @Test("The engine writes the closing words, reports it once, and the model goes on after them")
    func engine() async throws {
        let encoder = try Self.encoder()
        let fixture = try await EngineFixture("qwen2")
        let prompt = encoder.prompt(text: "a <think>\n")
        var sampling = SamplingSettings.greedy(maxNewTokens: 30)
        let plain = try await fixture.engine.answer(
            GenerationRequest(prompt: prompt, sampling: sampling, stopIDs: [])
        ).ids
        for budget in [0, 5] {
            for lookup in [0, 6] {
                sampling.thinkingBudget = budget
                sampling.numLookupTokens = lookup
                var request = encoder.request(prompt, sampling: sampling)
                request.stopIDs = []
                let answer = try await fixture.engine.answer(request)
                let closing = encoder.tokenizer.encode("\n</think>\n\n")
                #expect(Array(answer.ids.prefix(budget)) == Array(plain.prefix(budget)))
                #expect(Array(answer.ids.dropFirst(budget).prefix(closing.count)) == closing)
                #expect(answer.thoughtClosing == .budget)
                #expect(answer.ids.count == 30)
                let rest = prompt.tokenIDs + answer.ids.prefix(budget + closing.count)
                let after = try await fixture.engine.answer(.greedy(rest, 30 - budget - closing.count)).ids
                #expect(Array(answer.ids.dropFirst(budget + closing.count)) == after)
            }
        }
    }

    @Test(
        "A piece that comes often enough in a row ends the answer, as vLLM counts",
        arguments: [
            (1...1, 3, [5, 5, 5], true), (1...1, 3, [5, 5], false), (1...1, 3, [5, 5, 6, 5], false),
            (2...4, 2, [1, 2, 3, 1, 2, 3], true), (2...2, 2, [1, 2, 3, 1, 2, 3], false), (2...4, 2, [7, 7, 7], false),
            (2...4, 2, [7, 7, 7, 7], true), (1...3, 2, [9, 1, 2, 1, 2], true), (1...3, 2, [], false),
        ] as [(ClosedRange<Int>, Int, [Int32], Bool)])
    func repetition(_ sizes: ClosedRange<Int>, _ count: Int, _ tokens: [Int32], _ expected: Bool) {
        #expect(RepetitionLimit(sizes: sizes, count: count).isReached(by: tokens) == expected)
    }

    @Test("An answer that repeats itself ends where it may not go on, not before its fewest tokens")
    func repeatingAnswer() async throws {
        let fixture = try await EngineFixture("qwen2")
        var request = GenerationRequest.greedy([5, 6, 7], 40)
        request.sampling.logitBias = [70: 1000]
        request.sampling.repetitionLimit = RepetitionLimit(sizes: 1...3, count: 4)
        let answer = try await fixture.engine.answer(request)
        #expect(answer.ids == [70, 70, 70, 70])
        #expect(answer.finish == .repetition)
        request.sampling.minNewTokens = 9
        #expect(try await fixture.engine.answer(request).ids.count == 9)
    }

    @Test("A model that runs in circles is stopped")
    func loop() async throws {
        let encoder = try Self.encoder()
        let fixture = try await EngineFixture("qwen2", .unbounded)
        var sampling = SamplingSettings.greedy(maxNewTokens: 200)
        // A model that can write one token only.
        sampling.logitBias = [70: 1000]
        sampling.stopsThoughtLoops = true
        var request = encoder.request(encoder.prompt(text: "a <think>\n"), sampling: sampling)
        request.stopIDs = []
        let answer = try await fixture.engine.answer(request)
        #expect(answer.thoughtClosing == .loop)
        let closing = encoder.tokenizer.encode("\n</think>\n\n")
        let begin = try #require(answer.ids.firstIndex { $0 != 70 })
        #expect((64...66).contains(begin))
        #expect(Array(answer.ids[begin..<(begin + closing.count)]) == closing)
    }
}
