extension Template {
    /// dots.ocr of rednote.
    static let dotsOCR = Template(
        "dots_ocr",
        system: ["<|system|>{{content}}<|endofsystem|>\n"],
        user: ["<|user|>{{content}}<|endofuser|><|assistant|>"],
        assistant: ["{{content}}<|endofassistant|>"],
        stopWords: ["<|endofassistant|>"],
        hasEfficientEOS: true,
        unsupportedMedia: "qwen2_vl")
}
