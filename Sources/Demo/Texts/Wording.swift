/// A sentence with gaps: the fixed parts, and one argument (the name of a thing or a number) between each two of them.
struct Wording: Sendable {
    let parts: [String]

    init(_ parts: String...) { self.parts = parts }

    /// The sentence with its gaps filled. There must be as many arguments as gaps.
    func text(_ arguments: String...) -> String {
        precondition(arguments.count == parts.count - 1, "a wording of \(parts) got \(arguments)")
        return zip(parts, arguments + [""]).map { $0 + $1 }.joined()
    }
}
