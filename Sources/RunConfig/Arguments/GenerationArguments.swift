/// How answers are drawn.
public typealias GenerationArguments = Arguments<GenerationSettings>

/// The settings of `GenerationArguments`, as in LLaMA-Factory's generating arguments.
public struct GenerationSettings: SettingDeclarations {
    public static let title = "Generation"
    public static let declarations = GenerationSettings()

    public let doSample = Setting("do_sample", true, "Draw tokens by chance; otherwise take the likeliest.")
    public let temperature = Setting(
        "temperature", 0.95, "Above 1 more varied, below 1 more certain.", limits: .atLeast(0))
    public let topP = Setting(
        "top_p", 0.7, "Draw among the likeliest tokens whose probabilities add up to this.", limits: .within(0...1))
    public let topK = Setting(
        "top_k", 50, "Draw among this many likeliest tokens; 0 or less for all.", limits: .atLeast(-1))
    public let numBeams = Setting(
        "num_beams", 1, "Answers that beam search follows; needs `do_sample: false`.", limits: .within(1...64))
    public let maxLength = Setting(
        "max_length", 1024, "Longest prompt and answer together; `max_new_tokens` wins.", limits: .atLeast(1))
    public let maxNewTokens = Setting(
        "max_new_tokens", 1024, "Longest answer in tokens; 0 or less leaves it to `max_length`.")
    public let repetitionPenalty = Setting(
        "repetition_penalty", 1.0, "Above 1 avoids tokens that were there already.", limits: .above(0))
    public let lengthPenalty = Setting(
        "length_penalty", 1.0, "Beam search: above 0 favours long answers.")
    public let thinkingBudget = Setting<Int?>(
        "thinking_budget", nil, "Tokens of a thought before it is closed.", limits: .atLeast(0))
    public let loopGuard = Setting("loop_guard", false, "Close a thought that repeats itself.")
    public let promptLookupNumTokens = Setting(
        "prompt_lookup_num_tokens", 0, "Tokens guessed ahead from the text so far; the answer stays the same.",
        limits: .within(0...64))
    public let skipSpecialTokens = Setting("skip_special_tokens", true, "Leave special tokens out of the text.")
}
