import JSON

/// One line of a prediction file.
public struct PredictionLine: Sendable, Hashable {
    public var prompt: String
    public var predict: String
    public var label: String
    /// Probability of each possible answer, in the order of the classes; nil when they were not asked for.
    public var labelProbabilities: [LabelProbability]?

    public init(prompt: String, predict: String, label: String, labelProbabilities: [LabelProbability]? = nil) {
        self.prompt = prompt
        self.predict = predict
        self.label = label
        self.labelProbabilities = labelProbabilities
    }

    /// The line as LLaMA-Factory's vllm_infer writes it: no character is escaped that need not be. Probabilities, where
    /// there are some, follow as `label_probs`.
    public var text: String {
        var members = [
            JSONMember("prompt", .string(prompt)), JSONMember("predict", .string(predict)),
            JSONMember("label", .string(label)),
        ]
        if let labelProbabilities {
            let classes = labelProbabilities.map { JSONMember($0.label, .double($0.probability)) }
            members.append(JSONMember("label_probs", .object(classes)))
        }
        return JSONValue.object(members).text()
    }

    /// Reads a line that this program wrote; nil for anything else.
    public init?(text: String) {
        guard let value = try? JSONValue(parsing: text), value["prompt"]?.stringValue != nil,
            value["predict"]?.stringValue != nil, value["label"]?.stringValue != nil
        else { return nil }
        try? self.init(value)
    }
}

/// How likely an answer is among the possible ones.
public struct LabelProbability: Sendable, Hashable {
    public var label: String
    /// From 0 to 1.
    public var probability: Double

    public init(label: String, probability: Double) {
        self.label = label
        self.probability = probability
    }
}
