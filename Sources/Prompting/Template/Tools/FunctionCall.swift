public import JSON

/// One call of a tool.
public struct FunctionCall: Sendable, Hashable {
    public var name: String
    public var arguments: JSONValue

    public init(name: String, arguments: JSONValue) {
        self.name = name
        self.arguments = arguments
    }
}
