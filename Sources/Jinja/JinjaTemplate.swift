public import Foundation
public import JSON

/// A Jinja template as Hugging Face's chat templates are: transformers' sandboxed environment with `trim_blocks`,
/// `lstrip_blocks`, loop controls, generation blocks, `tojson`, `raise_exception` and `strftime_now`.
///
/// Values behave as Python's do. Nothing of the host can be reached, and limits bound what a rendering may cost.
public struct JinjaTemplate: Sendable {
    public let source: String
    let body: [Statement]

    /// - Throws: with the line, when the text is no template.
    public init(_ source: String) throws(JinjaError) {
        self.source = source
        do {
            var parser = TemplateParser(try Lexer(source).tokens())
            body = try parser.parse()
        } catch let error as JinjaError {
            throw error
        } catch {
            throw JinjaError(.syntax, "\(error)")
        }
    }

    /// Renders the template.
    ///
    /// - Parameters:
    ///   - variables: the names the template sees, such as `messages` and `add_generation_prompt`.
    ///   - now: the time for `strftime_now`.
    /// - Throws: with the line of the template and what went wrong there.
    public func render(
        _ variables: [String: JSONValue], limits: JinjaLimits = JinjaLimits(), now: Date = Date()
    ) throws(JinjaError) -> JinjaOutput {
        let renderer = Renderer(variables.mapValues(Value.init(json:)), limits: limits, now: now)
        defer { renderer.release() }
        do {
            return try renderer.render(body)
        } catch var error as JinjaError {
            if error.line == 0 { error.line = renderer.line }
            throw error
        } catch {
            throw JinjaError(.runtime, "\(error)", line: renderer.line)
        }
    }
}
