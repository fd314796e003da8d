/// The questions of the first stage: what stands where, how many, which is more.
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
    /// The one requirement this stage knows. It names no thing and no number, so it says nothing about the rules to come;
    /// half of the pictures meet it.
    static let allCornersTaken = Wording("四个角落都有物品")
    /// Shares of the lessons that are a tour of the corners, or the judgement above; the others ask for counts.
    static let tourShare = 0.5
    static let judgementShare = 0.1
    /// Single questions of a lesson on counts.
    static let numQuestions = 3

    /// A lesson about `scene`, of one of three sorts.
    ///
    /// A tour says what stands in the four corners, always in the same words: at fixed distances from the picture's tokens
    /// a young model finds the right ones soonest, and everything else builds on that. A lesson on counts asks
    /// `numQuestions` single questions and then for the counts of all kinds. The two never meet in one conversation:
    /// after a tour the counts could be copied from its text, and nobody would look at the picture. The judgement teaches
    /// the two answers of the next stage, so that its "before" is a guess between them and not a different answer.
    static func turns(about scene: Scene, using random: inout DemoRandom) -> [Turn] {
        let choice = random.unit()
        if choice < tourShare { return [Turn(question: corners.text(), answer: tour(of: scene))] }
        if choice < tourShare + judgementShare {
            let isMet = scene.items.count == scene.slots.count
            return [
                Turn(
                    question: RuleTask.request.text(allCornersTaken.text()),
                    answer: isMet ? RuleTask.meets : RuleTask.fails)
            ]
        }
        let questions = (0..<numQuestions).map { _ in question(about: scene, using: &random) }
        return questions + [Turn(question: random.pick(everything).text(), answer: listing(of: scene))]
    }

    /// Slot by slot: kind and count, or empty. Every slot takes the same number of tokens, so that distances stay fixed.
    static func tour(of scene: Scene) -> String {
        zip(slotNames, scene.slots).map { name, item in
            name + (item.map { "\($0.kind.word)\($0.count)个" } ?? "空0个")
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
            let least = random.integer(Scene.counts)
            return Turn(
                question: areThereEnough[0].text(one.word, String(least)), answer: count >= least ? "够" : "不够")
        }
    }
}
