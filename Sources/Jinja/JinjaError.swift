/// Why a template cannot be read or rendered, and where in it.
public struct JinjaError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Kind: String, Sendable, Hashable, Codable {
        /// The text is no Jinja template, or asks for something that is refused (include, import, extends).
        case syntax
        /// Something went wrong while rendering: an undefined value was used, types do not fit.
        case runtime
        /// The template itself said so with `raise_exception`.
        case raised
        /// A limit on steps, size, depth or time was reached.
        case limit
    }

    public let kind: Kind
    public let message: String
    /// Line of the template, from 1; 0 when it is not known.
    public internal(set) var line: Int

    public var description: String {
        line > 0 ? "chat template, line \(line): \(message)" : "chat template: \(message)"
    }

    init(_ kind: Kind, _ message: String, line: Int = 0) {
        self.kind = kind
        self.message = message
        self.line = line
    }

    /// What went wrong while rendering; the line is added by the renderer.
    init(_ message: String) { self.init(.runtime, message) }
}
