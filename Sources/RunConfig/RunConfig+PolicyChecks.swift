extension RunConfig {
    /// Settings of stage grpo that this stage shares: how answers are drawn and kept, and for ppo the rewards.
    var sharedReinforcementKeys: Set<String> {
        let drawing: Set = ["max_completion_length", "min_p"]
        switch tuning.stage {
        case .gkd: return drawing
        case .ppo:
            let prefixes = ["reward_", "cosine_", "repetition_", "soft_", "judge_"]
            let ofRewards = ReinforcementSettings.all.map(\.key).filter { key in
                prefixes.contains { key.hasPrefix($0) }
            }
            return drawing.union(ofRewards).union(["log_completions"])
        default: return []
        }
    }

    /// Rules between the settings of stage ppo.
    func checkProximal(_ failed: inout [CrossCheck]) {
        guard tuning.stage == .ppo else { return }
        func require(_ holds: Bool, _ keys: String..., message: String) {
            if !holds { failed.append(CrossCheck(keys: keys, message: message)) }
        }
        let names = reinforcement.rewardFuncs, model = tuning.rewardModel
        require(
            !(training.metricForBestModel?.hasSuffix("loss") ?? false), "metric_for_best_model", "stage",
            message: "Stage ppo evaluates rewards, not a loss: write `metric_for_best_model: reward`.")
        require(
            model != nil || !names.isEmpty, "reward_model", "stage",
            message: "`reward_model` is necessary for PPO training (or `reward_funcs`, rules that judge answers).")
        require(
            model == nil || names.isEmpty, "reward_funcs", "reward_model",
            message: "`reward_model` and `reward_funcs` exclude each other: answers get one score.")
        checkRewards(&failed)
        guard let model else { return }
        let isAddress = model.lowercased().hasPrefix("http://") || model.lowercased().hasPrefix("https://")
        require(
            tuning.rewardModelType != .lora || tuning.finetuningType == .lora, "reward_model_type", "finetuning_type",
            message: "`reward_model_type` cannot be lora for Freeze/Full PPO training.")
        require(
            (tuning.rewardModelType == .api) == isAddress, "reward_model", "reward_model_type",
            message: isAddress
                ? "`reward_model` is an address: set `reward_model_type: api`."
                : "With `reward_model_type: api`, `reward_model` is the full address of a server (http://…).")
        require(
            tuning.rewardModelAdapters == nil || tuning.rewardModelType == .full, "reward_model_adapters",
            "reward_model_type",
            message: "`reward_model_adapters` needs `reward_model_type: full`: it would be ignored.")
    }

    /// Rules between the settings of stage gkd, and rules that it shares with ppo.
    func checkDistillation(_ failed: inout [CrossCheck]) {
        func require(_ holds: Bool, _ keys: String..., message: String) {
            if !holds { failed.append(CrossCheck(keys: keys, message: message)) }
        }
        require(
            tuning.stage == .gkd || (tuning.teacherModel == nil && tuning.teacherModelAdapters == nil), "teacher_model",
            "teacher_model_adapters", "stage", message: "`teacher_model` is for `stage: gkd`: it would be ignored.")
        guard [.ppo, .gkd].contains(tuning.stage) else { return }
        require(
            tuning.stage == .ppo || tuning.teacherModel != nil, "teacher_model", "stage",
            message: "`teacher_model` is necessary for stage gkd: the folder of the model to learn from.")
    }
}
