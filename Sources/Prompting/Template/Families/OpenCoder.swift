extension Template {
    /// OpenCoder.
    static let opencoder = chatml.copy("opencoder") {
        $0.defaultSystem = "You are OpenCoder, created by OpenCoder Team."
        $0.stopWords = ["<|im_end|>"]
        $0.replacesEOS = false
        $0.replacesJinja = false
    }
}
