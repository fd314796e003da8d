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
    /// The requirements this stage knows are about places, those of the next about counts.
    static let allCornersTaken = Wording("四个角落都有物品")
    static let isPlaced = Wording("", "在", "")
    /// Names of the halves of a picture, and the slots that lie in each.
    static let halves = [("左边", [0, 2]), ("右边", [1, 3]), ("上面", [0, 1]), ("下面", [2, 3])]
    /// Shares of the lessons that are a tour of the corners, or a judgement; the others ask for counts.
    static let tourShare = 0.5
    static let judgementShare = 0.1
    /// Single questions of a lesson on counts.
    static let numQuestions = 3

    /// A lesson about `scene`, of one of three sorts.
    ///
    /// A tour says what stands in the four corners, always in the same words: at fixed distances from the picture's tokens
    /// a young model finds the right ones soonest, and everything else builds on that. A lesson on counts asks
    /// `numQuestions` single questions and then for the counts of all kinds. The two never meet in one conversation:
    /// after a tour the counts could be copied from its text, and nobody would look at the picture. A judgement
    /// teaches the two answers of the next stage, so that its "before" is a guess between them and not a different answer.
    static func turns(about scene: Scene, using random: inout DemoRandom) -> [Turn] {
        let choice = random.unit()
        if choice < tourShare { return [Turn(question: corners.text(), answer: tour(of: scene))] }
        if choice < tourShare + judgementShare {
            return [judgement(of: scene, using: &random)]
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

    private static func judgement(of scene: Scene, using random: inout DemoRandom) -> Turn {
        var rule = allCornersTaken.text()
        var isMet = scene.items.count == scene.slots.count
        if random.flip(0.8) {
            // Mostly things that are there, so that absence does not decide.
            let kind = random.flip(0.8) ? random.pick(scene.items).kind : random.pick(ItemKind.allCases)
            let half = random.pick(halves)
            rule = isPlaced.text(kind.word, half.0)
            isMet = half.1.contains { scene.slots[$0]?.kind == kind }
        }
        return Turn(question: RuleTask.request.text(rule), answer: isMet ? RuleTask.meets : RuleTask.fails)
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
