extension RunConfig {
    /// Rules between the fine-tuning settings.
    func checkTuning(_ failed: inout [CrossCheck]) {
        func require(_ holds: Bool, _ keys: String..., message: String) {
            if !holds { failed.append(CrossCheck(keys: keys, message: message)) }
        }
        let isLora = tuning.finetuningType == .lora
        let usesReference = tuning.stage == .dpo && tuning.prefLoss.usesReference
        require(
            tuning.stage != .dpo || [.sigmoid, .robust, .exoPair].contains(tuning.prefLoss)
                || tuning.dpoLabelSmoothing <= 1e-6,
            "dpo_label_smoothing", "pref_loss",
            message: "`dpo_label_smoothing` is only valid for sigmoid loss function (and robust, exo_pair).")
        require(
            tuning.stage != .dpo || tuning.prefLoss != .robust || tuning.dpoLabelSmoothing < 0.5, "dpo_label_smoothing",
            "pref_loss", message: "`pref_loss: robust` needs a `dpo_label_smoothing` below 0.5.")
        require(
            tuning.prefBeta > 0 || ![.dpo, .kto].contains(tuning.stage), "pref_beta",
            message: "`pref_beta` must be above 0: at 0 nothing is learned from preferences.")
        require(
            usesReference || tuning.stage != .dpo || tuning.prefBcoWeight <= 1e-6, "pref_bco_weight", "pref_loss",
            message: "`pref_bco_weight` needs a loss with a reference, not orpo or simpo: it would be ignored.")
        require(
            usesReference || [.kto, .ppo].contains(tuning.stage)
                || (tuning.stage == .grpo && reinforcement.effectiveBeta > 0)
                || (tuning.refModel == nil && tuning.refModelAdapters == nil),
            "ref_model", "ref_model_adapters", "stage",
            message:
                "`ref_model` is for the stages dpo (not with orpo or simpo), kto, ppo and grpo (not with `beta: 0`): it would be ignored."
        )
        require(
            !tuning.useLlamaPro || tuning.finetuningType != .full, "use_llama_pro", "finetuning_type",
            message: "`use_llama_pro` is only valid for Freeze or LoRA training.")
        let numLowMemory = [tuning.useGalore, tuning.useApollo, tuning.useBadam].count { $0 }
        require(
            !isLora || numLowMemory == 0, "finetuning_type", "use_galore", "use_apollo", "use_badam",
            message: "Cannot use LoRA with GaLore, APOLLO or BAdam together.")
        require(
            numLowMemory <= 1, "use_galore", "use_apollo", "use_badam",
            message: "Cannot use GaLore, APOLLO or BAdam together.")
        require(
            !tuning.pissaInit || !([.ppo, .kto].contains(tuning.stage) || usesReference), "pissa_init", "stage",
            message: "Cannot use PiSSA for current training stage.")
        for (key, isUsed) in [
            ("loraplus_lr_ratio", tuning.loraplusLRRatio != nil), ("use_rslora", tuning.useRslora),
            ("use_dora", tuning.useDora), ("pissa_init", tuning.pissaInit),
        ] {
            require(isLora || !isUsed, key, "finetuning_type", message: "`\(key)` is only valid for LoRA training.")
        }
        require(
            tuning.refModelQuantizationBit == nil || tuning.refModel != nil || tuning.refModelAdapters != nil,
            "ref_model_quantization_bit", "ref_model",
            message: "`ref_model_quantization_bit` needs `ref_model`: it would be ignored.")
        require(
            tuning.rewardModelQuantizationBit == nil || (tuning.rewardModel != nil && tuning.rewardModelType == .full),
            "reward_model_quantization_bit", "reward_model", "reward_model_type",
            message: "`reward_model_quantization_bit` needs a `reward_model` of the type full: it would be ignored.")
        let freezesAll = tuning.freezeLanguageModel && tuning.freezeVisionTower && tuning.freezeMultiModalProjector
        require(
            !freezesAll, "freeze_language_model", "freeze_vision_tower", "freeze_multi_modal_projector",
            message:
                "Everything is frozen: let one of the vision tower, the projector and the language model be trained.")
    }

    /// Rules between what is trained, evaluated, saved and logged.
    func checkTraining(_ failed: inout [CrossCheck]) {
        func require(_ holds: Bool, _ keys: String..., message: String) {
            if !holds { failed.append(CrossCheck(keys: keys, message: message)) }
        }
        let isSFT = tuning.stage == .sft
        for (key, isUsed) in [
            ("predict_with_generate", training.predictWithGenerate), ("neat_packing", data.neatPacking),
            ("train_on_prompt", data.trainOnPrompt), ("mask_history", data.maskHistory),
            ("ignore_empty_think", data.ignoreEmptyThink),
            ("loss_scale", data.lossScale.map { $0 != "default" } ?? false),
        ] {
            require(isSFT || !isUsed, key, "stage", message: "`\(key)` cannot be set as True except SFT.")
        }
        require(
            !isSFT || !training.doPredict || training.predictWithGenerate, "predict_with_generate", "do_predict",
            message: "Please enable `predict_with_generate` to save model predictions.")
        require(
            !training.doPredict || tuning.stage == .rm, "do_predict", "stage",
            message:
                "`do_predict` after training is supported for the stage rm only: run `anneal predict` on the result.")
        require(
            ![.rm, .ppo].contains(tuning.stage) || !training.loadBestModelAtEnd, "load_best_model_at_end", "stage",
            message: "RM and PPO stages do not support `load_best_model_at_end`.")
        require(
            !data.streaming || training.maxSteps > 0, "max_steps", "streaming",
            message: "Please specify `max_steps` in streaming mode.")
        require(
            !training.doTrain || !(data.dataset ?? []).isEmpty, "dataset", "do_train",
            message: "Please specify `dataset` for training.")
        require(
            training.doTrain, "do_train",
            message: training.doEval || training.doPredict
                ? """
                There is nothing to train: set `do_train: true`. To measure a model without training, use `anneal predict` \
                (your data) or `anneal eval` (benchmarks).
                """ : "There is nothing to do: set `do_train: true`.")
        let evaluates =
            training.doEval || training.doPredict || training.predictWithGenerate || training.evalStrategy != .no
        require(
            !evaluates || data.evalDataset != nil || data.valSize > 1e-6, "eval_dataset", "val_size", "eval_strategy",
            "do_eval",
            message: "Please make sure `eval_dataset` be provided or `val_size` > 0: there is nothing to evaluate on.")
        require(
            !(training.predictWithGenerate && tuning.computeAccuracy), "compute_accuracy", "predict_with_generate",
            message: "Cannot use `predict_with_generate` and `compute_accuracy` together.")
        require(
            !(training.fp16 && training.bf16), "fp16", "bf16",
            message: "At most one of `fp16` and `bf16` can be True, but not both.")
        require(
            !(training.fp16FullEval && training.bf16FullEval), "fp16_full_eval", "bf16_full_eval",
            message: "At most one of `fp16_full_eval` and `bf16_full_eval` can be True, but not both.")
        require(
            model.inferBackend == .huggingface, "infer_backend",
            message: "`infer_backend` vllm and sglang are only available for API, CLI and Web, not for training.")
        require(
            tuning.earlyStoppingSteps == nil
                || (training.evalStrategy != .no && bestMetric != nil),
            "early_stopping_steps", "eval_strategy", "load_best_model_at_end",
            message: """
                `early_stopping_steps` needs `eval_strategy` steps or epoch, and `load_best_model_at_end` or \
                `metric_for_best_model`.
                """)
        require(
            training.dataloaderNumWorkers > 0 || training.dataloaderPrefetchFactor == nil, "dataloader_prefetch_factor",
            "dataloader_num_workers", message: "`dataloader_prefetch_factor` needs `dataloader_num_workers` above 0.")
    }

    /// Rules between the numbers of steps.
    func checkSteps(_ failed: inout [CrossCheck]) {
        func require(_ holds: Bool, _ keys: String..., message: String) {
            if !holds { failed.append(CrossCheck(keys: keys, message: message)) }
        }
        func isCount(_ steps: Double) -> Bool { steps <= 1 || steps == steps.rounded() }
        require(
            training.loggingStrategy != .steps || training.loggingSteps > 0, "logging_steps",
            message: "`logging_strategy: steps` requires non-zero `logging_steps`.")
        require(
            training.loggingStrategy != .steps || isCount(training.loggingSteps), "logging_steps",
            message: "`logging_steps` must be an integer if bigger than 1.")
        require(
            training.saveStrategy != .steps || isCount(training.saveSteps), "save_steps",
            message: "`save_steps` must be an integer if bigger than 1.")
        let evalSteps = training.effectiveEvalSteps
        if training.evalStrategy == .steps {
            require(
                evalSteps > 0, "eval_steps", "logging_steps",
                message: "`eval_strategy: steps` requires either non-zero `eval_steps` or `logging_steps`.")
            require(isCount(evalSteps), "eval_steps", message: "`eval_steps` must be an integer if bigger than 1.")
        }
        for type in [SchedulerType.reduceLROnPlateau, .greedy] where training.lrSchedulerType == type {
            require(
                training.evalStrategy != .no, "eval_strategy", "lr_scheduler_type",
                message: "`lr_scheduler_type: \(type.rawValue)` requires an `eval_strategy`.")
        }
        if training.saveStrategy == .best {
            require(
                training.evalStrategy != .no, "eval_strategy", "save_strategy",
                message: "`save_strategy: best` needs `eval_strategy` steps or epoch.")
        }
        guard training.loadBestModelAtEnd, training.saveStrategy != .best else { return }
        require(
            training.evalStrategy.rawValue == training.saveStrategy.rawValue, "load_best_model_at_end", "eval_strategy",
            "save_strategy",
            message: """
                `load_best_model_at_end` requires `save_strategy` (\(training.saveStrategy.rawValue)) and `eval_strategy` \
                (\(training.evalStrategy.rawValue)) to match, except when `save_strategy` is best.
                """)
        guard training.evalStrategy == .steps, training.saveStrategy == .steps, evalSteps > 0 else { return }
        let isMixed = (evalSteps < 1) != (training.saveSteps < 1)
        // Parts of a run are compared in millionths, as transformers does.
        let scale = evalSteps < 1 ? 1_000_000.0 : 1
        let rest = (training.saveSteps * scale).truncatingRemainder(dividingBy: evalSteps * scale)
        require(
            !isMixed && rest == 0, "save_steps", "eval_steps", "load_best_model_at_end",
            message: """
                `load_best_model_at_end` requires `save_steps` (\(training.saveSteps.configText)) to be a round multiple of \
                `eval_steps` (\(evalSteps.configText)).
                """)
    }
}
