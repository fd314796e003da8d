import Testing

@testable import Demo

@Suite("Scenes and their texts") struct SceneTests {
    @Test("A random scene shows two to four different kinds with counts of 1 to 6")
    func scenes() {
        for index in 0..<500 {
            var random = DemoRandom(seed: 3, stream: 1, index: index)
            let scene = Scene.random(using: &random)
            #expect(scene.slots.count == 4)
            #expect((2...4).contains(scene.items.count))
            #expect(Set(scene.items.map(\.kind)).count == scene.items.count)
            #expect(scene.items.allSatisfy { (1...6).contains($0.count) })
        }
    }

    private let scene = Scene(slots: [
        .init(kind: .lamp, count: 5), nil, .init(kind: .ring, count: 3), .init(kind: .badge, count: 5),
    ])

    @Test("The listings say what stands where and how many there are")
    func listings() {
        #expect(SeeingLesson.tour(of: scene) == "左上灯5个，右上空0个，左下圆环3个，右下星形徽章5个。")
        #expect(SeeingLesson.listing(of: scene) == "立方体0个，圆柱0个，圆环3个，星形徽章5个，灯5个。")
    }

    @Test(
        "A rule is met when its comparison holds",
        arguments: [
            (Rule.Condition.more(.lamp, than: .ring), true), (.more(.lamp, than: .badge), false),
            (.fewer(.ring, than: .lamp), true), (.fewer(.badge, than: .lamp), false),
            (.fewer(.cube, than: .ring), true),
            (.atLeast(5, .lamp), true), (.atLeast(6, .lamp), false), (.atMost(3, .ring), true),
            (.atMost(2, .ring), false),
            (.atMost(0, .cylinder), true),
        ])
    func truth(condition: Rule.Condition, isMet: Bool) {
        #expect(Rule(condition: condition, text: "").isMet(by: scene) == isMet)
    }

    @Test("Rule texts say what their condition says")
    func ruleTexts() {
        var texts: [String: Rule.Condition] = [:]
        for index in 0..<4000 {
            var random = DemoRandom(seed: 5, stream: 9, index: index)
            let rule = Rule.random(using: &random)
            // The same words never mean two things.
            #expect(texts[rule.text, default: rule.condition] == rule.condition)
            texts[rule.text] = rule.condition
        }
        #expect(texts["灯的数量多于圆环"] == .more(.lamp, than: .ring))
        #expect(texts["星形徽章应当比立方体少"] == .fewer(.badge, than: .cube))
        #expect(texts["立方体至少要有3个"] == .atLeast(3, .cube))
        #expect(texts["灯的数量不超过3个"] == .atMost(3, .lamp))
        #expect(texts.count == 2 * Rule.book.count)
    }

    @Test("Every rule of the book is met by a quarter to three quarters of all scenes")
    func ruleFrequencies() {
        let scenes = (0..<2000).map { index in
            var random = DemoRandom(seed: 6, stream: 1, index: index)
            return Scene.random(using: &random)
        }
        for condition in Rule.book {
            let rule = Rule(condition: condition, text: "")
            #expect((500...1500).contains(scenes.filter(rule.isMet).count), "\(condition)")
        }
    }

    @Test("Rule sets hold both answers equally often, in no fixed order, and every answer is right")
    func balance() {
        let samples = DemoSample.rules(seed: 1, stream: 3, count: 200)
        let answers = samples.map { $0.turns[0].answer }
        #expect(answers.filter { $0 == "满足要求" }.count == 100)
        #expect(answers.filter { $0 == "不满足要求" }.count == 100)
        #expect(Set(zip(answers, answers.dropFirst()).map { $0 + $1 }).count == 4)
        #expect(samples.allSatisfy { ($0.rule?.isMet(by: $0.scene) == true) == ($0.turns[0].answer == "满足要求") })
    }
}
