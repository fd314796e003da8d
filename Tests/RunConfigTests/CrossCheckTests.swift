import Testing

@testable import RunConfig

@Suite struct CrossCheckTests {
    /// A training run that has nothing wrong with it.
    private func config() -> RunConfig {
        var config = RunConfig()
        config.model.modelNameOrPath = "m"
        config.data.dataset = ["d"]
        config.data.template = "qwen"
        config.training.doTrain = true
        return config
    }

    @Test func `a plain run passes`() { #expect(config().crossChecks(.training).isEmpty) }

    @Test func `each rule between settings is found`() {
        let rules: [(key: String, change: @Sendable (inout RunConfig) -> Void)] = [
            ("model_name_or_path", { $0.model.modelNameOrPath = nil }),
            ("image_max_pixels", { $0.model.imageMaxPixels = 1000 }),
            ("video_max_pixels", { $0.model.videoMaxPixels = 100 }),
            (
                "adapter_name_or_path",
                {
                    $0.model.adapterNameOrPath = ["a"]
                    $0.tuning.finetuningType = .full
                }
            ),
            ("export_quantization_dataset", { $0.export.exportQuantizationBit = 4 }),
            (
                "quantization_bit",
                {
                    $0.model.quantizationBit = 4
                    $0.tuning.finetuningType = .full
                }
            ),
            (
                "pissa_init",
                {
                    $0.model.quantizationBit = 4
                    $0.tuning.pissaInit = true
                }
            ),
            (
                "val_size",
                {
                    $0.data.valSize = 0.1
                    $0.data.evalDataset = ["e"]
                }
            ),
            ("val_size", { $0.data.valSize = 1.5 }),
            ("interleave_probs", { $0.data.interleaveProbs = [1] }),
            (
                "interleave_probs",
                {
                    $0.data.mixStrategy = .interleaveOver
                    $0.data.interleaveProbs = [0.5, 0.5]
                }
            ),
            (
                "mask_history",
                {
                    $0.data.maskHistory = true
                    $0.data.trainOnPrompt = true
                }
            ),
            ("eval_on_each_dataset", { $0.data.evalOnEachDataset = true }),
            (
                "max_samples",
                {
                    $0.data.streaming = true
                    $0.training.maxSteps = 10
                    $0.data.maxSamples = 10
                }
            ),
            ("max_steps", { $0.data.streaming = true }),
            ("reward_model", { $0.tuning.stage = .ppo }),
            (
                "dpo_label_smoothing",
                {
                    $0.tuning.stage = .dpo
                    $0.tuning.prefLoss = .hinge
                    $0.tuning.dpoLabelSmoothing = 0.1
                }
            ),
            ("finetuning_type", { $0.tuning.useGalore = true }),
            (
                "use_dora",
                {
                    $0.tuning.useDora = true
                    $0.tuning.finetuningType = .full
                }
            ),
            ("freeze_language_model", { $0.tuning.freezeLanguageModel = true }),
            (
                "train_on_prompt",
                {
                    $0.tuning.stage = .pt
                    $0.data.trainOnPrompt = true
                }
            ),
            ("dataset", { $0.data.dataset = nil }),
            ("do_train", { $0.training.doTrain = false }),
            ("eval_dataset", { $0.training.evalStrategy = .epoch }),
            (
                "fp16",
                {
                    $0.training.fp16 = true
                    $0.training.bf16 = true
                }
            ),
            ("infer_backend", { $0.model.inferBackend = .vllm }),
            ("early_stopping_steps", { $0.tuning.earlyStoppingSteps = 3 }),
            ("logging_steps", { $0.training.loggingSteps = 0 }),
            ("save_steps", { $0.training.saveSteps = 1.5 }),
            (
                "load_best_model_at_end",
                {
                    $0.data.valSize = 0.1
                    $0.training.evalStrategy = .epoch
                    $0.training.loadBestModelAtEnd = true
                }
            ),
            (
                "save_steps",
                {
                    $0.data.valSize = 0.1
                    $0.training.evalStrategy = .steps
                    $0.training.evalSteps = 30
                    $0.training.saveSteps = 100
                    $0.training.loadBestModelAtEnd = true
                }
            ),
            ("eval_strategy", { $0.training.saveStrategy = .best }),
        ]
        #expect(rules.count == 32)
        for (key, change) in rules {
            var config = config()
            change(&config)
            #expect(config.crossChecks(.training).map(\.keys.first) == [key], "\(config.givenText)")
        }
    }

    @Test func `data are looked at whatever the run is to do with them`() {
        var config = config()
        config.training.doTrain = false
        #expect(config.crossChecks(.data).isEmpty)
        config.training.doPredict = true
        #expect(config.crossChecks(.training).contains { $0.message.contains("`anneal predict`") })
        (config.data.dataset, config.data.evalDataset) = (nil, ["e"])
        #expect(config.crossChecks(.data).isEmpty)
        config.data.evalDataset = nil
        #expect(config.crossChecks(.data).map(\.keys.first) == ["dataset"])
    }

    @Test func `each schedule takes its own numbers only`() {
        func messages(_ type: SchedulerType, _ options: [String: ConfigValue]) -> [String] {
            var config = config()
            config.training.lrSchedulerType = type
            config.training.lrSchedulerKwargs = options
            return config.crossChecks(.training).map(\.message)
        }
        func plain(_ text: String) -> ConfigValue { .scalar(text, isQuoted: false) }
        #expect(messages(.cosineWithMinLR, ["min_lr": plain("1e-6")]) == [])
        #expect(messages(.warmupStableDecay, ["num_decay_steps": plain("10"), "decay_type": plain("linear")]) == [])
        #expect(
            messages(.cosine, ["min_lr": plain("1e-6")]) == [
                "`lr_scheduler_kwargs`: the schedule cosine has no `min_lr`; it has num_cycles."
            ])
        #expect(
            messages(.cosineWithMinLR, [:]) == [
                "The schedule cosine_with_min_lr needs one of `min_lr` and `min_lr_rate` in `lr_scheduler_kwargs`."
            ])
        #expect(
            messages(.polynomial, ["power": plain("two")]) == [
                "`lr_scheduler_kwargs`: `power: two` does not fit: expected a number."
            ])
        #expect(
            messages(.polynomial, ["lr_end": plain("1")]) == [
                "The schedule polynomial needs a `learning_rate` above `lr_end` (1)."
            ])
    }

    @Test func `parts of a run are compared as transformers does`() {
        var config = config()
        config.data.valSize = 0.1
        config.training.evalStrategy = .steps
        config.training.loadBestModelAtEnd = true
        config.training.evalSteps = 0.1
        config.training.saveSteps = 0.3
        #expect(config.crossChecks(.training).isEmpty)
        config.training.saveSteps = 0.25
        #expect(config.crossChecks(.training).count == 1)
        config.training.saveSteps = 100
        #expect(config.crossChecks(.training).count == 1)
    }

    @Test func `derived values follow LLaMA-Factory and transformers`() {
        var config = config()
        #expect(config.tuning.effectiveLoraAlpha == 16)
        config.tuning.loraAlpha = 0
        #expect(config.tuning.effectiveLoraAlpha == 16)
        #expect(config.training.effectiveEvalSteps == 500)
        #expect(config.bestMetric == nil)
        config.training.loadBestModelAtEnd = true
        #expect(config.bestMetric == "loss")
        #expect(config.greaterIsBetter == false)
        config.training.metricForBestModel = "eval_accuracy"
        #expect(config.greaterIsBetter == true)
        config.training.warmupSteps = 5
        #expect(config.training.warmupSteps(of: 1230) == 5)
        config.training.warmupSteps = 0.1
        #expect(config.training.warmupSteps(of: 1231) == 124)
        config.training.warmupRatio = 0.5
        #expect(config.training.warmupSteps(of: 11) == 6)
        #expect(config.data.effectiveMediaDir == "data")
        #expect(config.generation.effectiveMaxNewTokens == 1024)
    }
}
