extension Template {
    /// The template with a run's own settings (LLaMA-Factory's `default_system` and `tool_format`).
    ///
    /// - Parameters:
    ///   - defaultSystem: system text of conversations that bring none; nil keeps the template's.
    ///   - toolFormat: name of another tool format; nil keeps the template's. As in LLaMA-Factory, function turns then
    ///     end with the end of sequence, whatever the template's other answers end with.
    public func with(defaultSystem: String?, toolFormat name: String?) throws(TemplateError) -> Template {
        var template = self
        if let defaultSystem { template.defaultSystem = defaultSystem }
        if let name {
            let format = try ToolFormatCatalog.format(named: name)
            template.toolFormat = format
            template.functionFormat = format
            template.function = hasEfficientEOS ? ["{{content}}"] : ["{{content}}", .eos]
        }
        return template
    }
}
