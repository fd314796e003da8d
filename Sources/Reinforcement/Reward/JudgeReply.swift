/// What a judge wrote.
enum JudgeReply {
    /// The points from 0 to 10 that a reply gives, a thought before it left out; nil where it gives none or is not clear: "2 of 3 facts
    /// are right, so 7" must not pass for a 2.
    ///
    /// A number behind a name such as score counts ("Score: 8/10", {"score": 8}); otherwise the one number there is, however often
    /// it stands there. A scale is none ("from 0 to 10", "8/10", "8 out of 10").
    static func points(_ reply: String) -> Double? {
        let text = String(reply.ranges(of: "</think>").last.map { reply[$0.upperBound...] } ?? reply[...])
        let named = text.matches(
            of:
                #/(?i)\b(?:score|points|rating|reward|grade)\b["*_]*\s*(?:is|of)?\s*[:=]?\s*["*_]*(-?[0-9]+(?:\.[0-9]+)?)/#
        ).map(\.output.1)
        let bare = text.replacing(#/(?i)\b0\s*(?:-|–|to)\s*10\b|(?:/|\bout of\b)\s*10\b/#, with: " ")
        let all = bare.matches(of: #/-?[0-9]+(?:\.[0-9]+)?/#).map(\.output)
        let values = Set((named.isEmpty ? all : named).compactMap { Double($0) })
        guard values.count == 1, let value = values.first, (0...10).contains(value) else { return nil }
        return value
    }
}
