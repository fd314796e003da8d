/// All tool formats by name: one file and one line here each.
public enum ToolFormatCatalog {
    public static let all: [any ToolFormat] = [
        DefaultToolFormat(), GLM4MoEToolFormat(), GLM4ToolFormat(), Gemma4ToolFormat(), LFM2ToolFormat(),
        LingToolFormat(), Llama3ToolFormat(), MiniMax1ToolFormat(), MiniMax2ToolFormat(), MistralToolFormat(),
        Phi4MiniToolFormat(), Qwen35ToolFormat(), QwenToolFormat(), SeedToolFormat(),
    ]

    /// The format with LLaMA-Factory's name `name`.
    public static func format(named name: String) throws(TemplateError) -> any ToolFormat {
        if let format = all.first(where: { $0.name == name }) { return format }
        throw TemplateError(
            "tool_format: \(name) does not exist. Known formats: \(all.map(\.name).joined(separator: ", "))")
    }
}
