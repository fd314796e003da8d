extension Template {
    /// Bare text, a blank line after each part: for examples in the prompt of base models.
    static let fewshot = Template("fewshot", assistant: ["{{content}}\n\n"], hasEfficientEOS: true, replacesJinja: true)
}
