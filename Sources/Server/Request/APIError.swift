import HTTPTypes
public import JSON

/// A request that cannot be answered, as OpenAI's clients expect it: `{"error": {"message", "type", "param", "code"}}`.
public struct APIError: Error, Sendable, Equatable, CustomStringConvertible {
    /// HTTP status.
    public var status: Int
    public var message: String
    /// OpenAI's class of errors, `invalid_request_error` for most.
    public var type: String
    /// The field that is wrong.
    public var parameter: String?
    /// OpenAI's name of this very error.
    public var code: String?

    public init(
        _ status: Int, _ message: String, type: String = "invalid_request_error", parameter: String? = nil,
        code: String? = nil
    ) {
        self.status = status
        self.message = message
        self.type = type
        self.parameter = parameter
        self.code = code
    }

    public var description: String { message }

    /// A request whose field `parameter` is wrong.
    static func invalid(_ parameter: String, _ message: String) -> APIError {
        APIError(400, "\(parameter): \(message)", parameter: parameter)
    }

    static func unknownModel(_ name: String) -> APIError {
        APIError(
            404, "The model \(quoted(name)) does not exist. GET /v1/models lists those that do.", type: "NotFoundError",
            parameter: "model", code: "model_not_found")
    }

    static func contextLength(_ message: String) -> APIError {
        APIError(400, message, parameter: "messages", code: "context_length_exceeded")
    }

    /// The body of the response.
    public var json: JSONValue {
        [
            "error": [
                "message": .string(message), "type": .string(type),
                "param": parameter.map(JSONValue.string) ?? .null,
                "code": code.map(JSONValue.string) ?? .null,
            ]
        ]
    }
}

/// A word of the client for a message: short, and without what could disturb a terminal.
func quoted(_ text: String) -> String {
    let clean = String(
        String.UnicodeScalarView(text.unicodeScalars.prefix(80).map { $0.value < 0x20 || $0.value == 0x7F ? " " : $0 }))
    return "`\(clean)\(text.unicodeScalars.count > 80 ? "…" : "")`"
}
