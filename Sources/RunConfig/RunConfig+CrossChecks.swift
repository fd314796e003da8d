/// A rule between settings that does not hold.
struct CrossCheck {
    /// The settings of the rule, the one to change first.
    let keys: [String]
    /// What is wrong and what to do.
    let message: String
}

extension RunConfig {
    /// The rules of LLaMA-Factory's and transformers' argument parsers (and a few that they find out late) that do not hold.
    func crossChecks(_ purpose: Purpose) -> [CrossCheck] {
        var failed: [CrossCheck] = []
        func require(_ holds: Bool, _ keys: String..., message: String) {
            if !holds { failed.append(CrossCheck(keys: keys, message: message)) }
        }
        require(
            !(model.modelNameOrPath ?? "").isEmpty, "model_name_or_path",
            message: "Please provide `model_name_or_path`, the folder of the model to start from.")
        require(
            model.imageMaxPixels >= model.imageMinPixels, "image_max_pixels", "image_min_pixels",
            message: "`image_max_pixels` cannot be smaller than `image_min_pixels`.")
        require(
            model.videoMaxPixels >= model.videoMinPixels, "video_max_pixels", "video_min_pixels",
            message: "`video_max_pixels` cannot be smaller than `video_min_pixels`.")
        require(
            model.adapterNameOrPath == nil || tuning.finetuningType == .lora, "adapter_name_or_path", "finetuning_type",
            message: "Adapters are only valid for `finetuning_type: lora`.")
        if purpose == .export {
            require(
                export.exportDir != nil, "export_dir",
                message: "Please specify `export_dir` to save model.")
        }
        if purpose == .evaluation {
            require(
                evaluation.task != nil, "task",
                message: "Please name the benchmark and its split, as `task: mmlu_test`.")
        } else {
            for key in evaluation.givenKeys.sorted() {
                let instead = key == "batch_size" ? "; for training use `per_device_train_batch_size`" : ""
                failed.append(CrossCheck(keys: [key], message: "`\(key)` belongs to `anneal eval`\(instead)."))
            }
        }
        checkData(&failed)
        if purpose == .data {
            require(
                data.dataset?.isEmpty == false || data.evalDataset?.isEmpty == false, "dataset", "eval_dataset",
                message: "Please name the data sets to look at as `dataset` or `eval_dataset`.")
        } else {
            checkQuantization(&failed)
        }
        if purpose == .training {
            checkTuning(&failed)
            checkReinforcement(&failed)
            checkTraining(&failed)
            checkSteps(&failed)
            checkScheduler(&failed)
        }
        return failed
    }

    private func checkQuantization(_ failed: inout [CrossCheck]) {
        func require(_ holds: Bool, _ keys: String..., message: String) {
            if !holds { failed.append(CrossCheck(keys: keys, message: message)) }
        }
        require(
            export.exportQuantizationBit == nil || export.exportQuantizationDataset != nil,
            "export_quantization_dataset",
            "export_quantization_bit", message: "`export_quantization_dataset` is necessary for a quantized export.")
        for (key, bits) in [
            ("quantization_bit", model.quantizationBit),
            ("ref_model_quantization_bit", tuning.refModelQuantizationBit),
            ("reward_model_quantization_bit", tuning.rewardModelQuantizationBit),
        ] {
            require(bits == nil || bits == 4 || bits == 8, key, message: "`\(key)` must be 4 or 8.")
        }
        guard model.quantizationBit != nil else { return }
        require(
            !model.trainFromScratch, "train_from_scratch", "quantization_bit",
            message: "A model that is trained from scratch cannot be quantized: its weights must change.")
        require(
            [.lora, .oft].contains(tuning.finetuningType), "quantization_bit", "finetuning_type",
            message: "Quantization is only compatible with the LoRA or OFT method.")
        require(
            !tuning.pissaInit, "pissa_init", "quantization_bit", message: "PiSSA cannot start from a quantized model.")
        require(
            !model.resizeVocab, "resize_vocab", "quantization_bit",
            message: "Cannot resize embedding layers of a quantized model.")
        require(
            model.adapterNameOrPath == nil || !tuning.createNewAdapter, "create_new_adapter", "quantization_bit",
            message: "Cannot create new adapter upon a quantized model.")
        require(
            (model.adapterNameOrPath?.count ?? 1) == 1, "adapter_name_or_path", "quantization_bit",
            message: "Quantized model only accepts a single adapter. Merge them first.")
        require(
            !training.fp8, "fp8", "quantization_bit",
            message: "FP8 training is not compatible with quantization. Please disable one of them.")
    }

    private func checkData(_ failed: inout [CrossCheck]) {
        func require(_ holds: Bool, _ keys: String..., message: String) {
            if !holds { failed.append(CrossCheck(keys: keys, message: message)) }
        }
        let splits = data.valSize > 1e-6
        require(
            !splits || data.dataset != nil, "val_size", "dataset",
            message: "Cannot specify `val_size` if `dataset` is None.")
        require(
            !splits || data.evalDataset == nil, "val_size", "eval_dataset",
            message: "Cannot specify `val_size` if `eval_dataset` is not None: keep one of them.")
        require(
            data.valSize < 1 || data.valSize == data.valSize.rounded(), "val_size",
            message: "`val_size` is a fraction below 1 or a whole number of rows.")
        if let probs = data.interleaveProbs {
            require(
                data.mixStrategy != .concat, "interleave_probs", "mix_strategy",
                message: "`interleave_probs` is only valid for interleaved mixing: set `mix_strategy`.")
            require(
                data.dataset == nil || data.dataset?.count == probs.count, "interleave_probs", "dataset",
                message: "The length of `dataset` and `interleave_probs` should be identical.")
            require(
                data.evalDataset == nil || data.evalDataset?.count == probs.count, "interleave_probs", "eval_dataset",
                message: "The length of `eval_dataset` and `interleave_probs` should be identical.")
            require(
                abs(probs.reduce(0, +) - 1) < 1e-6, "interleave_probs", message: "`interleave_probs` must add up to 1.")
        }
        require(
            !data.streaming || data.valSize < 1e-6 || data.valSize >= 1, "val_size", "streaming",
            message: "Streaming mode should have an integer `val_size`.")
        require(
            !data.streaming || data.maxSamples == nil, "max_samples", "streaming",
            message: "`max_samples` is incompatible with `streaming`.")
        require(
            !data.streaming || data.tokenizedPath == nil, "streaming", "tokenized_path",
            message: "Turn off `streaming` when saving dataset to disk (`tokenized_path`).")
        require(
            !data.maskHistory || !data.trainOnPrompt, "mask_history", "train_on_prompt",
            message: "`mask_history` is incompatible with `train_on_prompt`.")
        require(
            !data.evalOnEachDataset || data.evalDataset != nil, "eval_on_each_dataset", "eval_dataset",
            message: "`eval_on_each_dataset` needs `eval_dataset`.")
    }
}
