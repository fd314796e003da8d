public import JSON

/// How a family writes the list of tools into the system text and calls into answers, and reads calls back.
public protocol ToolFormat: Sendable {
    /// The name that `tool_format` takes.
    var name: String { get }

    /// The text about the tools that follows the system text.
    ///
    /// - Parameters:
    ///   - tools: each tool as it stands in the data, either bare or wrapped in `{"type": "function", "function": …}`.
    ///   - date: today as `20 Nov 2026`, for formats that tell the model.
    func describe(_ tools: [JSONValue], date: String) throws(TemplateError) -> String

    /// The same for the list as it stands in the data, as JSON text; an empty list needs no words.
    ///
    /// Only formats that pass the text through as it is write this themselves.
    func describe(text: String, date: String) throws(TemplateError) -> String

    /// The text of an answer that makes these calls.
    ///
    /// - Throws: when the format has no form for them.
    func write(_ calls: [FunctionCall]) throws(TemplateError) -> String

    /// Jinja that writes what `describe` writes of the variable `tools`; nil where that cannot be said in Jinja.
    var jinjaDescription: String? { get }

    /// Jinja that writes what `write` writes of the list `calls` of `{"name", "arguments"}`, with the macros of
    /// `JinjaToolMacros`; nil where that cannot be said in Jinja.
    var jinjaCalls: String? { get }

    /// The calls in an answer, nil when it makes none: the inverse of `write`.
    func calls(in answer: String) -> [FunctionCall]?
}

extension ToolFormat {
    public func describe(text: String, date: String) throws(TemplateError) -> String {
        let value: JSONValue
        do { value = try JSONValue(parsing: text) } catch {
            throw TemplateError("tools: \(error) in \(text.prefix(80))")
        }
        guard let tools = value.arrayValue else {
            throw TemplateError("tools must be a JSON list of tools, not \(text.prefix(80))")
        }
        return tools.isEmpty ? "" : try describe(tools, date: date)
    }
}
