/// The five kinds of things the demo's pictures show.
enum ItemKind: Int, CaseIterable, Sendable {
    case cube, cylinder, ring, badge, lamp

    /// The word the questions, answers and rules use.
    var word: String {
        switch self {
        case .cube: "立方体"
        case .cylinder: "圆柱"
        case .ring: "圆环"
        case .badge: "星形徽章"
        case .lamp: "灯"
        }
    }
}
