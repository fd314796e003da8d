/// What is asked for each row of data, and what of the answers is kept.
public struct AugmentSettings: Sendable {
    /// The endpoint's base, to which /chat/completions is added: "http://localhost:8000/v1".
    public var baseURL: String
    /// The endpoint's name of the model.
    public var model: String
    /// The user's key; it is in no message and no file.
    public var key: String?
    /// The environment variable that the key came from, for messages.
    public var keyVariable = "OPENAI_API_KEY"
    /// What is asked, with {column} for a row's values.
    public var prompt: String
    /// The system prompt, likewise with {column}.
    public var system: String?
    /// The keys that a reply's JSON object must have; none takes the reply as text.
    public var keys: [ReplyKey] = []
    /// The column that a reply without keys goes to.
    public var column = "output"
    /// Columns of the row that go before the new ones.
    public var keptColumns: [String] = []
    /// Replies for each row.
    public var numVariants = 1
    /// Requests at the same time.
    public var numParallel = 8
    /// The sampling temperature.
    public var temperature = 0.9
    /// The longest reply, in tokens; nil leaves it to the endpoint.
    public var maxTokens: Int?
    /// Seconds that one request may take in all.
    public var timeoutSeconds = 120.0
    /// Tries of a request that fails in passing, and of a reply that cannot be used.
    public var maxAttempts = 5
    /// Seconds before the second try of a request.
    public var firstRetrySeconds = 1.0
    /// What replies must be like.
    public var rules: [ReplyRule] = []

    /// Settings with a model and a prompt.
    public init(baseURL: String, model: String, prompt: String) {
        self.baseURL = baseURL
        self.model = model
        self.prompt = prompt
    }

    /// What decides the rows of the output: another of it makes an unfinished output one of something else. The endpoint's address
    /// may change.
    var identity: String {
        let rules = rules.map { "\($0)" }.joined(separator: ";")
        return [
            model, prompt, system ?? "", keys.map { "\($0.name):\($0.kind.rawValue)" }.joined(separator: ","), column,
            keptColumns.joined(separator: ","), "\(numVariants)", "\(temperature)", "\(maxTokens ?? 0)", rules,
        ].joined(separator: "\u{1F}")
    }
}
