/// ms-swift's rules: the files of swift/loss_scale/config. A new one is a value here and a line in `all`.
extension LossScaleRule {
    static let all: [LossScaleRule] = [
        ignoreEmptyThink, ignoreThinkPrefix, react, hermes, qwen, agentflan, alphaUMI,
    ]

    /// Thoughts without content at the beginning of an answer are not learned.
    static let ignoreEmptyThink = LossScaleRule(
        name: "ignore_empty_think",
        patternList: [
            .leading([.text("<think>"), .spaces, .text("</think>"), .spaces]),
            .leading([
                .text(
                    "<seed:think><seed:cot_budget_reflect>The current thinking budget is 0, so I will directly start answering the question.</seed:cot_budget_reflect>\n</seed:think>"
                ), .spaces,
            ]),
            .leading([.text("</think>"), .spaces]),
            .leading([.text("<|channel>thought\n<channel|>")]),
            .leading([.text("</mm:think>"), .spaces]),
        ], patternWeight: 0)

    /// The word that begins a thought is not learned.
    static let ignoreThinkPrefix = LossScaleRule(
        name: "ignore_think_prefix", patternList: [.leading([.text("<think>"), .optionalNewline])], patternWeight: 0)

    /// Tool calls count twice.
    static let hermes = LossScaleRule(
        name: "hermes", patternList: [.enclosed("<tool_call>", "</tool_call>")], patternWeight: 2)

    private static let reactWords = [
        Word(word: "Action:", weight: 2, following: 2), Word(word: "Action Input:", weight: 2, following: 2),
        Word(word: "Thought:", weight: 1, following: 1), Word(word: "Final Answer:", weight: 1, following: 1),
        Word(word: "Observation:", weight: 2, following: 0),
    ]

    static let react = LossScaleRule(name: "react", words: reactWords)

    static let alphaUMI = LossScaleRule(
        name: "alpha_umi", words: reactWords + [Word(word: "Next:", weight: 2, following: 2)])

    static let qwen = LossScaleRule(
        name: "qwen",
        words: [
            Word(word: "✿FUNCTION✿:", weight: 2, following: 2), Word(word: "✿ARGS✿:", weight: 2, following: 2),
            Word(word: "✿RETURN✿:", weight: 1, following: 1), Word(word: "✿RESULT✿:", weight: 2, following: 0),
        ])

    static let agentflan = LossScaleRule(
        name: "agentflan",
        words: [
            "Name:", "Action:", "ACTION:", "Tool:", "Command", "Arguments:", "action input", "ACTION_INPUT:",
            "Action Input:",
        ].map { Word(word: $0, weight: 1, following: 3) } + [
            Word(word: "Thought:", weight: 1, following: 1), Word(word: "Final Answer:", weight: 1, following: 1),
            Word(word: "Observation:", weight: 2, following: 0),
        ],
        queryWords: [
            "What is the tool you want to use", "What are the required parameter names", "What is the value of",
        ], queryWeight: 3)
}
