extension Template {
    /// Hunyuan of Tencent.
    static let hunyuan = Template(
        "hunyuan",
        prefix: ["<|startoftext|>"],
        system: ["{{content}}<|extra_4|>"],
        user: ["{{content}}<|extra_0|>"],
        assistant: ["{{content}}<|eos|>"],
        stopWords: ["<|eos|>"])

    /// Hunyuan's small dense models.
    static let hunyuanSmall = Template(
        "hunyuan_small",
        prefix: ["<｜hy_begin▁of▁sentence｜>"],
        system: ["{{content}}<｜hy_place▁holder▁no▁3｜>"],
        user: ["<｜hy_User｜>{{content}}<｜hy_place▁holder▁no▁8｜>"],
        assistant: ["{{content}}<｜hy_place▁holder▁no▁2｜>"],
        stopWords: ["<｜hy_place▁holder▁no▁2｜>"])

    /// Hunyuan's small translation models: the answer's mark belongs to the answer.
    static let hyDense18B = Template(
        "hy_dense_1_8b",
        prefix: [.bos],
        system: ["{{content}}<｜hy_place▁holder▁no▁3｜>"],
        user: ["<｜hy_User｜>{{content}}"],
        assistant: ["<｜hy_Assistant｜>{{content}}"],
        stopWords: ["<｜hy_place▁holder▁no▁2｜>"],
        hasEfficientEOS: true)

    /// Hunyuan's larger translation model.
    static let hyDense7B = Template(
        "hy_dense_7b",
        prefix: [.bos],
        system: ["{{content}}<|extra_4|>"],
        user: ["{{content}}<|extra_0|>"],
        stopWords: ["<|eos|>"],
        hasEfficientEOS: true)

    /// Hunyuan 3, which thinks.
    static let hy3 = Template(
        "hy3",
        prefix: [.bos],
        user: ["<｜hy_User｜>{{content}}<｜hy_Assistant｜>"],
        assistant: ["{{content}}<｜hy_eos｜>"],
        stopWords: ["<｜hy_eos｜>"],
        thoughtWords: ThoughtWords(open: "<think>", close: "</think>"),
        replacesEOS: true,
        isReasoning: true)
}
