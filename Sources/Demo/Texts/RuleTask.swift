/// The second stage: a rule and a picture, and whether the picture meets the rule.
enum RuleTask {
    static let meets = "满足要求"
    static let fails = "不满足要求"
    static let request = Wording("规则：", "。请判断图片是否满足要求。")

    /// A random scene that meets `rule` (`answer` true) or fails it (false). So each rule has both answers equally often,
    /// and its text alone says nothing about the answer.
    static func scene(for rule: Rule, answer: Bool, using random: inout DemoRandom) -> Scene {
        while true {
            // Every rule of the book is met by a third of all scenes or more, and failed by as many.
            let scene = Scene.random(using: &random)
            if rule.isMet(by: scene) == answer { return scene }
        }
    }

    static func turn(rule: Rule, scene: Scene) -> Turn {
        Turn(question: request.text(rule.text), answer: rule.isMet(by: scene) ? meets : fails)
    }
}
