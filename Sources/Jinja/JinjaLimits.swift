/// What a template may use: none, however hostile, can hang the program or fill its memory.
public struct JinjaLimits: Sendable, Hashable {
    /// Expressions and statements evaluated, plus a share for every byte that built-in functions look at.
    public var numSteps: Int
    /// Bytes of all the text and lists made while rendering, those that are dropped again included.
    public var numAllocatedBytes: Int
    /// Bytes of the result.
    public var numOutputBytes: Int
    /// Nested evaluations: macros that call themselves, recursive loops, brackets in brackets.
    public var depth: Int
    /// Numbers a `range()` may have (as in Jinja's sandbox).
    public var numRangeItems: Int
    /// Time for one rendering.
    public var seconds: Double

    public init(
        numSteps: Int = 20_000_000, numAllocatedBytes: Int = 512 << 20, numOutputBytes: Int = 64 << 20,
        depth: Int = 600, numRangeItems: Int = 100_000, seconds: Double = 10
    ) {
        self.numSteps = numSteps
        self.numAllocatedBytes = numAllocatedBytes
        self.numOutputBytes = numOutputBytes
        self.depth = depth
        self.numRangeItems = numRangeItems
        self.seconds = seconds
    }
}
