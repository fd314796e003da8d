/// A regular expression as a tree, reduced to what an automaton can do.
indirect enum PatternNode: Sendable, Hashable {
    enum Greed: Sendable, Hashable { case greedy, lazy, possessive }

    /// One character of a set.
    case character(CodePointSet)
    case sequence([PatternNode])
    /// The first alternative that leads to a match wins.
    case alternatives([PatternNode])
    case repeated(PatternNode, min: Int, max: Int?, Greed)
    /// The next character is in the set, or the text ends here if that is allowed; nothing is taken.
    case next(in: CodePointSet, orEnd: Bool)
}
