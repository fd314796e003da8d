extension Template {
    /// LFM 2 of Liquid AI, tool calls in Python's form.
    static let lfm2 = Template(
        "lfm2",
        system: ["<|im_start|>system\n{{content}}<|im_end|>\n"],
        user: ["<|im_start|>user\n{{content}}<|im_end|>\n<|im_start|>assistant\n"],
        assistant: ["{{content}}<|im_end|>\n"],
        function: ["{{content}}<|im_end|>\n"],
        observation: [
            "<|im_start|>tool\n<|tool_response_start|>{{content}}<|tool_response_end|><|im_end|>\n<|im_start|>assistant\n"
        ],
        toolFormat: LFM2ToolFormat(),
        defaultSystem: "You are a helpful AI assistant.",
        stopWords: ["<|im_end|>"],
        toolCallWords: ("<|tool_call_start|>", "<|tool_call_end|>"),
        replacesEOS: true)

    /// LFM 2 VL.
    static let lfm2VL = lfm2.copy("lfm2_vl") {
        $0.defaultSystem = "You are a helpful multimodal assistant by Liquid AI."
        $0.unsupportedMedia = "lfm2_vl"
    }
}
