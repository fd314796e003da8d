import Basics

extension ReinforcementArguments {
    /// Rewards there are, by their names in `reward_funcs`.
    public static let rewardNames = [
        "accuracy", "exact", "math", "format", "react_format", "cosine", "soft_overlong", "repetition", "json",
        "program",
        "judge",
    ]

    /// Whether answers that were cut off are learned from.
    public var leavesOutTruncated: Bool { self.overlongFilter || self.maskTruncatedCompletions }
    public var effectiveNumGenerationsEval: Int { self.numGenerationsEval ?? self.numGenerations }
    public var effectiveBeta: Double { self.beta ?? 0.04 }
    public var effectiveKLInReward: Bool { self.klInReward ?? (self.advantageEstimator != .grpo) }
    public var effectiveScale: RewardScale {
        self.scaleRewards
            ?? {
                switch self.advantageEstimator {
                case .grpo: .group
                case .rloo: RewardScale.none
                case .reinforcePlusPlus: .batch
                }
            }()
    }
}

extension RunConfig {
    /// Batches that one generation is cut into.
    public var stepsPerGeneration: Int {
        if let steps = reinforcement.stepsPerGeneration { return steps }
        guard let size = reinforcement.generationBatchSize else { return training.gradientAccumulationSteps }
        return max(1, size / max(1, training.perDeviceTrainBatchSize))
    }

    /// Answers of one generation.
    public var generationSize: Int { stepsPerGeneration * training.perDeviceTrainBatchSize }

    /// Samples of a batch of an evaluation; stage grpo counts answers, not prompts, in `per_device_eval_batch_size`, as TRL.
    public var evaluationBatchSize: Int {
        let size = training.perDeviceEvalBatchSize
        return tuning.stage == .grpo ? max(1, size / reinforcement.effectiveNumGenerationsEval) : size
    }

    /// Rules between the settings of stage grpo.
    func checkReinforcement(_ failed: inout [CrossCheck]) {
        func require(_ holds: Bool, _ keys: String..., message: String) {
            if !holds { failed.append(CrossCheck(keys: keys, message: message)) }
        }
        let own = reinforcement
        require(
            ![.grpo, .gkd].contains(tuning.stage) || !packsSamples, "packing", "neat_packing", "stage",
            message:
                "Stage \(tuning.stage.rawValue) answers prompts one by one, and what it computes is put together without padding in any case: remove `packing`."
        )
        guard tuning.stage == .grpo else {
            for key in own.givenKeys.subtracting(sharedReinforcementKeys).sorted() {
                failed.append(
                    CrossCheck(
                        keys: [key, "stage"], message: "`\(key)` belongs to `stage: grpo`: it would be ignored."))
            }
            checkProximal(&failed)
            checkDistillation(&failed)
            return
        }
        require(
            !own.rewardFuncs.isEmpty, "reward_funcs",
            message: "Please specify `reward_funcs`: \(ReinforcementArguments.rewardNames.joined(separator: ", ")).")
        checkRewards(&failed)
        require(
            own.numGenerations > 1, "num_generations",
            message: "`num_generations` must be at least 2: an answer is compared with others to its prompt.")
        require(
            generationSize % own.numGenerations == 0, "num_generations", "per_device_train_batch_size",
            "steps_per_generation", "gradient_accumulation_steps",
            message:
                "A generation has \(generationSize) answers (per_device_train_batch_size \(training.perDeviceTrainBatchSize) x steps_per_generation \(stepsPerGeneration)): that must be a multiple of `num_generations` (\(own.numGenerations))."
        )
        if let size = own.generationBatchSize {
            require(
                size == generationSize, "generation_batch_size", "per_device_train_batch_size", "steps_per_generation",
                message:
                    "`generation_batch_size` (\(size)) must equal per_device_train_batch_size x steps_per_generation (\(generationSize))."
            )
        }
        require(
            !(own.effectiveScale == .gdpo && own.klInReward == true), "scale_rewards", "kl_in_reward",
            message: "`scale_rewards: gdpo` does not go with `kl_in_reward: true`.")
        let numEvaluated = own.effectiveNumGenerationsEval
        require(
            training.evalStrategy == .no || training.perDeviceEvalBatchSize % numEvaluated == 0,
            "per_device_eval_batch_size", "num_generations_eval", "num_generations",
            message:
                "`per_device_eval_batch_size` (\(training.perDeviceEvalBatchSize)) counts answers: it must be a multiple of `num_generations_eval` (\(numEvaluated))."
        )
        require(
            !own.dynamicSample || !data.streaming, "dynamic_sample", "streaming",
            message: "`dynamic_sample` draws further prompts from all of the data: remove `streaming`.")
        require(
            generation.doSample, "do_sample", "stage",
            message: "Stage grpo draws answers by chance: `do_sample: false` gives the same answer each time.")
        require(
            !generation.isGiven(\.temperature) || generation.temperature > 0, "temperature", "stage",
            message: "Stage grpo needs a `temperature` above 0.")
        for (key, isGiven) in [
            ("max_new_tokens", generation.isGiven(\.maxNewTokens)), ("max_length", generation.isGiven(\.maxLength)),
        ] {
            require(
                !isGiven, key, "stage", message: "For stage grpo write `max_completion_length` instead of `\(key)`.")
        }
    }

    /// Rules of the rewards that judge answers, in stages grpo and ppo.
    func checkRewards(_ failed: inout [CrossCheck]) {
        func require(_ holds: Bool, _ keys: String..., message: String) {
            if !holds { failed.append(CrossCheck(keys: keys, message: message)) }
        }
        let own = reinforcement
        for name in own.rewardFuncs where !ReinforcementArguments.rewardNames.contains(name) {
            let near = NearestName.nearest(to: name, among: ReinforcementArguments.rewardNames).map {
                " (did you mean \($0)?)"
            }
            require(
                false, "reward_funcs",
                message:
                    "`reward_funcs: \(name)` is not known\(near ?? ""); there are \(ReinforcementArguments.rewardNames.joined(separator: ", "))."
            )
        }
        require(
            Set(own.rewardFuncs).count == own.rewardFuncs.count, "reward_funcs",
            message: "`reward_funcs` names one of them twice; give it a weight in `reward_weights` instead.")
        require(
            own.rewardWeights == nil || own.rewardWeights?.count == own.rewardFuncs.count, "reward_weights",
            "reward_funcs",
            message:
                "`reward_weights` has \(own.rewardWeights?.count ?? 0) numbers for \(own.rewardFuncs.count) rewards; give one each."
        )
        let uses = Set(own.rewardFuncs)
        require(
            !uses.contains("soft_overlong") || own.softCacheLength != nil, "soft_cache_length", "reward_funcs",
            message: "The reward soft_overlong needs `soft_cache_length`.")
        if let cache = own.softCacheLength {
            let longest = own.softMaxLength ?? own.maxCompletionLength
            require(
                cache < longest, "soft_cache_length", "soft_max_length",
                message: "`soft_cache_length` (\(cache)) must be below the longest answer (\(longest)).")
        }
        require(
            !uses.contains("program") || own.rewardProgram != nil, "reward_program", "reward_funcs",
            message: "The reward program needs `reward_program`, the command to run.")
        require(
            !uses.contains("judge") || (own.judgeBaseURL != nil && own.judgeModel != nil), "judge_base_url",
            "judge_model", "reward_funcs", message: "The reward judge needs `judge_base_url` and `judge_model`.")
        for (key, isUsed, reward) in [
            ("reward_program", own.rewardProgram != nil, "program"), ("judge_model", own.judgeModel != nil, "judge"),
            ("soft_cache_length", own.softCacheLength != nil, "soft_overlong"),
        ] {
            require(
                !isUsed || uses.contains(reward), key, "reward_funcs",
                message: "`\(key)` needs `\(reward)` in `reward_funcs`: it would be ignored.")
        }
    }
}
