import Basics

/// Qwen2.5-VL: a Qwen2 decoder with M-RoPE behind a window-attention vision tower.
enum Qwen25VLFamily: ModelFamily {
    static let modelTypes = ["qwen2_5_vl"]
    static let layouts = [
        // The published layout, then the ones of transformers 4.52 and later.
        WeightLayout([("visual.", "model.visual."), ("model.", "model.language_model."), ("lm_head.", "lm_head.")]),
        WeightLayout.identity,
    ]

    static func decode(_ fields: ConfigFields) throws -> (TextConfig, VisionConfig?) {
        // transformers 4 wrote the text keys at the top level.
        let textFields = fields.section("text_config") ?? fields
        if try textFields.bool("use_sliding_window", default: false) {
            throw FileError(
                fields.path, "use_sliding_window is true; sliding-window attention is not supported yet")
        }
        var text = try TextConfig(textFields)
        text.hasQKVBias = true
        text.tiesEmbeddings = try fields.bool(
            "tie_word_embeddings", default: textFields.bool("tie_word_embeddings", default: false))
        guard text.rope.sections != nil else {
            throw FileError(fields.path, "has no mrope_section in rope_parameters or rope_scaling")
        }
        guard let vision = fields.section("vision_config") else {
            throw FileError(fields.path, "vision_config is missing")
        }
        return (
            text,
            VisionConfig(
                depth: try vision.int("depth"), hiddenSize: try vision.int("hidden_size"),
                intermediateSize: try vision.int("intermediate_size"), numHeads: try vision.int("num_heads"),
                inChannels: try vision.int("in_channels", default: vision.int("in_chans", default: 3)),
                patchSize: try vision.int("patch_size", default: 14),
                temporalPatchSize: try vision.int("temporal_patch_size", default: 2),
                spatialMergeSize: try vision.int("spatial_merge_size", default: 2),
                windowSize: try vision.int("window_size", default: 112),
                fullAttentionBlocks: vision.object["fullatt_block_indexes"] as? [Int] ?? [7, 15, 23, 31],
                outHiddenSize: try vision.int("out_hidden_size", default: text.hiddenSize),
                tokensPerSecond: try vision.double("tokens_per_second", default: 4),
                imageTokenID: try fields.int("image_token_id", default: 151655),
                videoTokenID: try fields.int("video_token_id", default: 151656),
                visionStartTokenID: try fields.int("vision_start_token_id", default: 151652))
        )
    }
}
