extension Template {
    /// MOSS-VL: Qwen's form, where a tool list without a system text has no blank lines before it.
    static let mossVL = chatML("moss_vl", unsupportedMedia: "moss_vl").copy("moss_vl") { $0.trimsLoneTools = true }
}
