import JSON

/// The tiny Qwen2.5-VL of the demo: the real architecture (window attention with one full block, merger, M-RoPE) with
/// about a million parameters.
struct ModelShape: Sendable {
    var visionDepth = 2
    var visionHidden = 96
    var visionIntermediate = 192
    var visionHeads = 3
    /// Blocks of the vision tower that see the whole picture; the others see one slot of 56 x 56 pixels.
    var fullAttentionBlocks = [1]
    var windowSize = 56
    var textLayers = 3
    var textHidden = 128
    var textIntermediate = 384
    var textHeads = 4
    var textKeyValueHeads = 2
    /// Half of a head's 32 dimensions, dealt to time, height and width.
    var ropeSections = [4, 6, 6]
    /// Base of the rotary frequencies. The published 1e6 with 64 frequencies leaves enough fast ones for rows and columns;
    /// with 16 of them only a small base lets the language model tell one column from the next.
    var ropeTheta = 10.0
    /// Mean and deviation of the demo's pixels in 0...1, bright as they are: centred inputs train several times faster.
    var pixelMean = 0.8
    var pixelDeviation = 0.2
    /// Standard deviation of the random start. The published 0.02 suits layers of thousands; at this width it leaves the
    /// attention flat for the whole of a short training, so the start is wider.
    var initializerRange = 0.1

    /// config.json in the layout of the published Qwen2.5-VL checkpoints.
    func config(tokenizer: DemoTokenizer) -> JSONValue {
        func id(_ token: String) -> JSONValue { tokenizer.id(ofSpecial: token).map { .int($0) } ?? .null }
        let vision: JSONValue = [
            "model_type": "qwen2_5_vl", "depth": .int(visionDepth), "hidden_size": .int(visionHidden),
            "intermediate_size": .int(visionIntermediate), "num_heads": .int(visionHeads),
            "hidden_act": "silu", "in_channels": 3, "in_chans": 3, "out_hidden_size": .int(textHidden),
            "patch_size": 14, "spatial_patch_size": 14, "spatial_merge_size": 2, "temporal_patch_size": 2,
            "tokens_per_second": 2, "window_size": .int(windowSize),
            "fullatt_block_indexes": .array(fullAttentionBlocks.map { .int($0) }),
            "initializer_range": .double(initializerRange),
        ]
        return [
            "architectures": ["Qwen2_5_VLForConditionalGeneration"], "model_type": "qwen2_5_vl",
            "torch_dtype": "float32", "vocab_size": .int(tokenizer.vocabularySize),
            "hidden_size": .int(textHidden), "intermediate_size": .int(textIntermediate),
            "num_hidden_layers": .int(textLayers), "num_attention_heads": .int(textHeads),
            "num_key_value_heads": .int(textKeyValueHeads), "hidden_act": "silu",
            "max_position_embeddings": 4096, "rms_norm_eps": 1e-06, "rope_theta": .double(ropeTheta),
            "rope_scaling": ["type": "mrope", "mrope_section": .array(ropeSections.map { .int($0) })],
            "attention_dropout": 0.0, "use_sliding_window": false, "use_cache": true,
            "tie_word_embeddings": true, "initializer_range": .double(initializerRange),
            "bos_token_id": id("<|endoftext|>"), "eos_token_id": id("<|im_end|>"),
            "pad_token_id": id("<|endoftext|>"), "image_token_id": id("<|image_pad|>"),
            "video_token_id": id("<|video_pad|>"), "vision_start_token_id": id("<|vision_start|>"),
            "vision_end_token_id": id("<|vision_end|>"), "vision_config": vision,
        ]
    }

    /// generation_config.json: greedy, ends with a turn.
    func generationConfig(tokenizer: DemoTokenizer) -> JSONValue {
        func id(_ token: String) -> JSONValue { tokenizer.id(ofSpecial: token).map { .int($0) } ?? .null }
        return [
            "bos_token_id": id("<|endoftext|>"), "eos_token_id": [id("<|im_end|>"), id("<|endoftext|>")],
            "pad_token_id": id("<|endoftext|>"), "do_sample": false, "max_new_tokens": 64,
        ]
    }

    /// preprocessor_config.json: Qwen2.5-VL's, but for the mean and the deviation.
    var preprocessorConfig: JSONValue {
        [
            "image_processor_type": "Qwen2VLImageProcessor", "processor_class": "Qwen2_5_VLProcessor",
            "min_pixels": 3136, "max_pixels": 12_845_056, "patch_size": 14, "temporal_patch_size": 2,
            "merge_size": 2, "image_mean": .array(Array(repeating: .double(pixelMean), count: 3)),
            "image_std": .array(Array(repeating: .double(pixelDeviation), count: 3)),
        ]
    }
}
