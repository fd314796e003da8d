/// The second stage: a rule and a picture, and whether the picture meets the rule.
enum RuleTask {
    static let meets = "满足要求"
    static let fails = "不满足要求"
    static let request = Wording("规则：", "。请判断图片是否满足要求。")

    /// A random rule that `scene` meets (`answer` true) or fails (false).
    static func rule(for scene: Scene, answer: Bool, using random: inout DemoRandom) -> Rule {
        while true {
            // At least one of "more" and "at most 8" holds and one of "fewer" and "at least 2" fails for any scene.
            let rule = Rule.random(using: &random)
            if rule.isMet(by: scene) == answer { return rule }
        }
    }

    static func turn(rule: Rule, scene: Scene) -> Turn {
        Turn(question: request.text(rule.text), answer: rule.isMet(by: scene) ? meets : fails)
    }
}
