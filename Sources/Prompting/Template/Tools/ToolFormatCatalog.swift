/// All tool formats by name: one file and one line here each.
public enum ToolFormatCatalog {
    public static let all: [any ToolFormat] = [DefaultToolFormat(), Llama3ToolFormat(), QwenToolFormat()]

    /// The format with LLaMA-Factory's name `name`.
    public static func format(named name: String) throws(TemplateError) -> any ToolFormat {
        if let format = all.first(where: { $0.name == name }) { return format }
        throw TemplateError(
            "tool_format: \(name) does not exist. Known formats: \(all.map(\.name).joined(separator: ", "))")
    }
}
