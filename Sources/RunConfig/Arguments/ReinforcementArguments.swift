/// How a policy learns from rewards for answers of its own.
public typealias ReinforcementArguments = Arguments<ReinforcementSettings>

/// The settings of `ReinforcementArguments`; names and defaults are those of ms-swift's `rlhf_type: grpo`.
public struct ReinforcementSettings: SettingDeclarations {
    public static let title = "Reinforcement"
    public static let declarations = ReinforcementSettings()

    // MARK: Answers
    public let numGenerations = Setting("num_generations", 8, "Answers to each prompt.", limits: .atLeast(1))
    public let numGenerationsEval = Setting<Int?>(
        "num_generations_eval", nil, "Answers to each prompt of an evaluation; num_generations when not given.",
        limits: .atLeast(1))
    public let maxCompletionLength = Setting(
        "max_completion_length", 512, "Longest answer of the policy in tokens.", limits: .atLeast(1))
    public let minP = Setting(
        "min_p", 0.0, "Least probability of a token relative to the likeliest.", limits: .within(0...1))
    public let stepsPerGeneration = Setting<Int?>(
        "steps_per_generation", nil,
        "Batches that one generation is cut into; gradient_accumulation_steps when not given.", limits: .atLeast(1))
    public let generationBatchSize = Setting<Int?>(
        "generation_batch_size", nil, "Answers of one generation, instead of `steps_per_generation`.",
        limits: .atLeast(1))
    public let numIterations = Setting("num_iterations", 1, "Passes over each generation.", limits: .atLeast(1))
    public let dynamicSample = Setting(
        "dynamic_sample", false, "Replace prompts whose answers all have the same reward by other prompts (DAPO).")
    public let maxResampleTimes = Setting(
        "max_resample_times", 3, "Further generations that `dynamic_sample` may take.", limits: .atLeast(1))

    // MARK: Loss
    public let lossType = Setting("loss_type", PolicyLossType.grpo, "How losses of tokens are averaged.")
    public let beta = Setting<Double?>(
        "beta", nil, "Weight of the divergence from the reference; 0.04 for grpo when not given, 0 for none.",
        limits: .atLeast(0))
    public let epsilon = Setting("epsilon", 0.2, "How far below 1 a ratio of probabilities counts.", limits: .fraction)
    public let epsilonHigh = Setting<Double?>(
        "epsilon_high", nil, "How far above 1; `epsilon` when not given.", limits: .above(0))
    public let delta = Setting<Double?>(
        "delta", nil, "Largest ratio for answers worse than their group (two-sided clipping).", limits: .above(1))
    public let importanceSamplingLevel = Setting(
        "importance_sampling_level", ImportanceLevel.token,
        "What ratios are taken of: token, sequence (GSPO) or sequence_token.")
    public let advantageEstimator = Setting(
        "advantage_estimator", AdvantageEstimator.grpo, "What an answer's reward is compared with.")
    public let klInReward = Setting<Bool?>(
        "kl_in_reward", nil, "Take the divergence off the reward, not into the loss; true for all but grpo.")
    public let scaleRewards = Setting<RewardScale?>(
        "scale_rewards", nil, "What advantages are divided by: group, batch, none or gdpo.")
    public let overlongFilter = Setting(
        "overlong_filter", false, "Learn nothing from answers that were cut off (ms-swift's name).")
    public let maskTruncatedCompletions = Setting(
        "mask_truncated_completions", false, "The same (TRL's name).")
    public let topEntropyQuantile = Setting(
        "top_entropy_quantile", 1.0, "Learn from the most uncertain tokens only: this part of them.",
        limits: .within(0...1))

    // MARK: Rewards
    public let rewardFuncs = Setting<[String]>(
        "reward_funcs", [],
        "What answers are judged by: accuracy, exact, math, format, react_format, cosine, soft_overlong, repetition, json, program, judge."
    )
    public let rewardWeights = Setting<[Double]?>("reward_weights", nil, "Weight of each of them; 1 when not given.")
    public let cosineMinLenValueWrong = Setting(
        "cosine_min_len_value_wrong", -0.5, "cosine: reward of the shortest wrong answer.")
    public let cosineMaxLenValueWrong = Setting(
        "cosine_max_len_value_wrong", 0.0, "cosine: reward of the longest wrong answer.")
    public let cosineMinLenValueCorrect = Setting(
        "cosine_min_len_value_correct", 1.0, "cosine: reward of the shortest right answer.")
    public let cosineMaxLenValueCorrect = Setting(
        "cosine_max_len_value_correct", 0.5, "cosine: reward of the longest right answer.")
    public let cosineMaxLen = Setting<Int?>(
        "cosine_max_len", nil, "cosine: longest answer; `max_completion_length` when not given.", limits: .atLeast(1))
    public let repetitionNGrams = Setting(
        "repetition_n_grams", 3, "repetition: words that make a repetition.", limits: .atLeast(1))
    public let repetitionMaxPenalty = Setting(
        "repetition_max_penalty", -1.0, "repetition: reward of nothing but repetitions.")
    public let softMaxLength = Setting<Int?>(
        "soft_max_length", nil, "soft_overlong: longest answer; `max_completion_length` when not given.",
        limits: .atLeast(1))
    public let softCacheLength = Setting<Int?>(
        "soft_cache_length", nil, "soft_overlong: tokens before the longest over which the reward falls to -1.",
        limits: .atLeast(1))
    public let rewardProgram = Setting<String?>(
        "reward_program", nil,
        "program: a shell command that reads a JSON object a line (messages, completion, solution) and writes a number a line."
    )
    public let rewardTimeout = Setting(
        "reward_timeout", 60.0, "program, judge: seconds that an answer's reward may take.", limits: .above(0))
    public let rewardAttempts = Setting(
        "reward_attempts", 3, "program, judge: tries before an answer is left out.", limits: .atLeast(1))
    public let judgeBaseURL = Setting<String?>(
        "judge_base_url", nil, "judge: OpenAI-compatible address, such as http://127.0.0.1:8000/v1.")
    public let judgeModel = Setting<String?>("judge_model", nil, "judge: the model's name there.")
    public let judgePrompt = Setting<String?>(
        "judge_prompt", nil,
        "judge: what it is asked, with {question}, {answer} and {solution}; its points from 0 to 10 are the reward, over 10."
    )
    public let judgeKeyVariable = Setting(
        "judge_key_variable", "OPENAI_API_KEY", "judge: the environment variable that holds the key.")

    // MARK: Log
    public let logCompletions = Setting(
        "log_completions", true, "Write every answer with its rewards into completions.jsonl.")
}
