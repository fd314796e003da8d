/// The questions of the first stage: what stands where, how many, which is more. No rule is mentioned.
enum SeeingLesson {
    static let corners = Wording("图中四个角落各有什么？")
    static let everything = [
        Wording("图中各种物品各有几个？"), Wording("列出图中每种物品的数量。"), Wording("数一数图里的物品。"),
    ]
    static let howMany = [Wording("", "有几个？"), Wording("图中", "的数量是多少？")]
    static let whichIsMore = [Wording("", "和", "哪个多？")]
    static let areThereEnough = [Wording("", "够", "个吗？")]
    /// Names of the slots, in the order of `Scene.slots`.
    static let slotNames = ["左上", "右上", "左下", "右下"]
    /// Words of the answers that are not names of things.
    static let answerWords = ["个", "，", "。", "空", "一样多", "够", "不够"] + slotNames
    /// Single questions of each lesson, after the two listings.
    static let numQuestions = 3

    /// A lesson about `scene`: what stands in the four corners, then the counts of all kinds and `numQuestions` single
    /// questions in random order.
    ///
    /// The corners come first and always in the same words: at fixed distances from the picture's tokens a young model
    /// finds the right ones soonest, and everything else builds on that.
    static func turns(about scene: Scene, numQuestions: Int, using random: inout DemoRandom) -> [Turn] {
        let list = Turn(question: random.pick(everything).text(), answer: listing(of: scene))
        let questions = (0..<numQuestions).map { _ in question(about: scene, using: &random) }
        return [Turn(question: corners.text(), answer: tour(of: scene))] + random.shuffled([list] + questions)
    }

    /// Slot by slot: kind and count, or empty.
    static func tour(of scene: Scene) -> String {
        zip(slotNames, scene.slots).map { name, item in
            name + (item.map { "\($0.kind.word)\($0.count)个" } ?? "空")
        }.joined(separator: "，") + "。"
    }

    /// Every kind with its count, also those the picture does not show.
    static func listing(of scene: Scene) -> String {
        ItemKind.allCases.map { "\($0.word)\(scene.count(of: $0))个" }.joined(separator: "，") + "。"
    }

    private static func question(about scene: Scene, using random: inout DemoRandom) -> Turn {
        let kinds = random.shuffled(ItemKind.allCases)
        let (one, other) = (kinds[0], kinds[1])
        let (count, otherCount) = (scene.count(of: one), scene.count(of: other))
        switch random.integer(0...2) {
        case 0:
            return Turn(question: random.pick(howMany).text(one.word), answer: "\(count)个")
        case 1:
            let answer = count == otherCount ? "一样多" : (count > otherCount ? one : other).word
            return Turn(question: whichIsMore[0].text(one.word, other.word), answer: answer)
        default:
            let least = random.integer(1...9)
            return Turn(
                question: areThereEnough[0].text(one.word, String(least)), answer: count >= least ? "够" : "不够")
        }
    }
}
