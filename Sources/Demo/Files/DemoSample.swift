import JSON

/// One row of a data set: a picture to draw and the conversation about it.
struct DemoSample: Sendable {
    let scene: Scene
    /// Draws the picture; left as it was when the scene and its texts were made.
    var random: DemoRandom
    let turns: [Turn]
    /// The rule the conversation is about; nil in the seeing stage.
    let rule: Rule?

    /// Picture `index` of the seeing stage.
    static func seeing(seed: UInt64, index: Int) -> DemoSample {
        var random = DemoRandom(seed: seed, stream: 1, index: index)
        let scene = Scene.random(using: &random)
        let turns = SeeingLesson.turns(about: scene, using: &random)
        return DemoSample(scene: scene, random: random, turns: turns, rule: nil)
    }

    /// The pictures of a rule set: `count` of them, both answers equally often and in random order.
    static func rules(seed: UInt64, stream: UInt64, count: Int) -> [DemoSample] {
        var order = DemoRandom(seed: seed, stream: stream, index: -1)
        let answers = order.shuffled((0..<count).map { $0.isMultiple(of: 2) })
        return answers.enumerated().map { index, answer in
            var random = DemoRandom(seed: seed, stream: stream, index: index)
            let rule = Rule.random(using: &random)
            let scene = RuleTask.scene(for: rule, answer: answer, using: &random)
            return DemoSample(
                scene: scene, random: random, turns: [RuleTask.turn(rule: rule, scene: scene)], rule: rule)
        }
    }

    /// The row in LLaMA-Factory's sharegpt layout with role and content tags; `<image>` stands before the first question.
    func record(image: String) -> JSONValue {
        let messages = turns.enumerated().flatMap { index, turn in
            [
                message("user", (index == 0 ? "<image>" : "") + turn.question),
                message("assistant", turn.answer),
            ]
        }
        return ["messages": .array(messages), "images": [.string(image)]]
    }

    private func message(_ role: String, _ content: String) -> JSONValue {
        ["role": .string(role), "content": .string(content)]
    }
}
