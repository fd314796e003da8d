/// A requirement on the counts of a picture, in words.
struct Rule: Sendable, Equatable {
    enum Condition: Sendable, Equatable {
        case more(ItemKind, than: ItemKind)
        case fewer(ItemKind, than: ItemKind)
        case atLeast(Int, ItemKind)
        case atMost(Int, ItemKind)
    }

    let condition: Condition
    /// The requirement in Chinese, one of several wordings.
    let text: String

    /// Whether `scene` meets the requirement.
    func isMet(by scene: Scene) -> Bool {
        switch condition {
        case .more(let kind, let other): scene.count(of: kind) > scene.count(of: other)
        case .fewer(let kind, let other): scene.count(of: kind) < scene.count(of: other)
        case .atLeast(let count, let kind): scene.count(of: kind) >= count
        case .atMost(let count, let kind): scene.count(of: kind) <= count
        }
    }
}

extension Rule {
    static let moreWordings = [Wording("", "的数量多于", ""), Wording("", "应当比", "多")]
    static let fewerWordings = [Wording("", "的数量少于", ""), Wording("", "应当比", "少")]
    static let atLeastWordings = [Wording("", "的数量不少于", "个"), Wording("", "至少要有", "个")]
    static let atMostWordings = [Wording("", "的数量不超过", "个"), Wording("", "最多只能有", "个")]
    static var allWordings: [Wording] { moreWordings + fewerWordings + atLeastWordings + atMostWordings }

    /// A random requirement in a random wording.
    static func random(using random: inout DemoRandom) -> Rule {
        let kinds = random.shuffled(ItemKind.allCases)
        let (one, other) = (kinds[0], kinds[1])
        let limit = random.integer(2...8)
        switch random.integer(0...3) {
        case 0:
            return Rule(
                condition: .more(one, than: other), text: random.pick(moreWordings).text(one.word, other.word))
        case 1:
            return Rule(
                condition: .fewer(one, than: other), text: random.pick(fewerWordings).text(one.word, other.word))
        case 2:
            return Rule(
                condition: .atLeast(limit, one), text: random.pick(atLeastWordings).text(one.word, String(limit)))
        default:
            return Rule(
                condition: .atMost(limit, one), text: random.pick(atMostWordings).text(one.word, String(limit)))
        }
    }
}
