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

    /// The rule book of the demo. Each is met by a third to two thirds of all pictures.
    static let book: [Condition] = [
        .more(.lamp, than: .ring), .fewer(.badge, than: .cube), .atLeast(3, .cube), .atMost(2, .cylinder),
        .atLeast(2, .ring), .atMost(3, .lamp),
    ]

    /// A random requirement of the book in a random wording.
    static func random(using random: inout DemoRandom) -> Rule {
        let condition = random.pick(book)
        let text =
            switch condition {
            case .more(let kind, let other): random.pick(moreWordings).text(kind.word, other.word)
            case .fewer(let kind, let other): random.pick(fewerWordings).text(kind.word, other.word)
            case .atLeast(let count, let kind): random.pick(atLeastWordings).text(kind.word, String(count))
            case .atMost(let count, let kind): random.pick(atMostWordings).text(kind.word, String(count))
            }
        return Rule(condition: condition, text: text)
    }
}
