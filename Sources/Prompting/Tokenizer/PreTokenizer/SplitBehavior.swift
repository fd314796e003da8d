/// What becomes of the places where a pattern matches.
enum SplitBehavior: String, Sendable, Hashable {
    case removed = "Removed"
    case isolated = "Isolated"
    case mergedWithPrevious = "MergedWithPrevious"
    case mergedWithNext = "MergedWithNext"
    case contiguous = "Contiguous"
}
