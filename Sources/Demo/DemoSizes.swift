/// How many pictures the demo draws.
public struct DemoSizes: Sendable, Equatable {
    /// Pictures of the seeing stage, several questions each.
    public var numSeeing: Int
    /// Pictures of the rule stage, one rule each.
    public var numRulesTrain: Int
    /// Held-out pictures with rules, for the test.
    public var numRulesTest: Int

    /// The sizes the shipped YAML files are tuned for.
    public static let standard = DemoSizes(numSeeing: 5000, numRulesTrain: 6100, numRulesTest: 400)

    /// Any sizes; each must be at least 2.
    public init(numSeeing: Int, numRulesTrain: Int, numRulesTest: Int) {
        self.numSeeing = numSeeing
        self.numRulesTrain = numRulesTrain
        self.numRulesTest = numRulesTest
    }

    /// All pictures together.
    public var total: Int { numSeeing + numRulesTrain + numRulesTest }
}
