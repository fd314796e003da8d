import Inference
import JSON
import Prompting

/// How plain completions are written.
struct CompletionForm: Sendable {
    let id: String
    let created: Int
    let model: String
    let report: TokenReport
    /// Likeliest tokens to report; nil for no log-probabilities.
    let numTop: Int?
    /// The prompts' tokens, one entry an answer.
    let prompts: [[Int32]]
    /// Whether the text begins with the prompt.
    let echoes: Bool
    let returnsTokenIDs: Bool

    func response(_ answers: [Answer], _ usage: Usage, numPromptLogprobs: Int?, numChoices: Int) -> JSONValue {
        var usage = usage
        let choices = answers.enumerated().map { index, answer -> JSONValue in
            usage.add(answer.piece)
            let prompt = answer.piece.prompt?.logprobs
            var offset = 0
            var members = [
                JSONMember("index", .int(index)), JSONMember("text", .string(echo(index) + answer.piece.text)),
                JSONMember("logprobs", logprobs(index, answer.piece, &offset) ?? .null),
                JSONMember("finish_reason", JSONValue(answer.piece.end?.reason.rawValue)),
                JSONMember("stop_reason", answer.piece.end?.stopReason ?? .null),
            ]
            if let numPromptLogprobs, index % numChoices == 0, let prompt {
                members.append(JSONMember("prompt_logprobs", report.prompt(prompt, numTop: numPromptLogprobs)))
            }
            return .object(members + tokenIDs(index, answer.piece))
        }
        return .object(head + [JSONMember("choices", .array(choices)), JSONMember("usage", usage.json)])
    }

    func echo(_ index: Int) -> String { echoes ? report.tokenizer.decode(prompts[index]) : "" }

    /// The ids behind a piece, the prompt's with the first one, where they are to be told.
    func tokenIDs(_ index: Int, _ piece: AnswerPiece) -> [JSONMember] {
        guard returnsTokenIDs else { return [] }
        return TokenReport.ids("prompt_token_ids", piece.prompt == nil ? nil : prompts[index])
            + TokenReport.ids("token_ids", piece.tokenIDs)
    }

    /// The log-probabilities of a piece; those of an echoed prompt come with the first piece.
    func logprobs(_ index: Int, _ piece: AnswerPiece, _ offset: inout Int) -> JSONValue? {
        guard let numTop else { return nil }
        var tokens = piece.tokens
        if echoes, let prompt = piece.prompt {
            let known = prompt.logprobs ?? []
            tokens.insert(
                contentsOf: prompts[index].enumerated().map { place, id in
                    let entries = place < known.count ? known[place] : []
                    return (entries.first ?? TokenLogprob(id: id, logprob: .nan), Array(entries.dropFirst()))
                }, at: 0)
        }
        return report.completion(tokens, numTop: numTop, offset: &offset)
    }

    var head: [JSONMember] {
        [
            JSONMember("id", .string(id)), JSONMember("object", "text_completion"),
            JSONMember("created", .int(created)),
            JSONMember("model", .string(model)),
        ]
    }
}

/// Writes plain completions as events.
struct CompletionEvents: EventEncoder {
    private let form: CompletionForm
    private var usage: Usage
    private let includesUsage: Bool
    private let usageInEveryChunk: Bool
    /// Characters of each answer so far.
    private var offsets: [Int]

    init(_ form: CompletionForm, _ usage: Usage, _ fields: SamplingFields, numChoices: Int) {
        self.form = form
        self.usage = usage
        includesUsage = fields.includesUsage
        usageInEveryChunk = fields.usageInEveryChunk
        offsets = Array(repeating: 0, count: numChoices)
    }

    mutating func events(_ index: Int, _ piece: AnswerPiece) -> [JSONValue] {
        usage.add(piece)
        let text = (piece.prompt == nil ? "" : form.echo(index)) + piece.text
        let ids = form.tokenIDs(index, piece)
        guard !text.isEmpty || !piece.isEmpty || !ids.isEmpty else { return [] }
        let hasTokens = !piece.tokens.isEmpty || (piece.prompt != nil && form.echoes)
        let choice: JSONValue = [
            "index": .int(index), "text": .string(text),
            "logprobs": hasTokens ? form.logprobs(index, piece, &offsets[index]) ?? .null : .null,
            "finish_reason": JSONValue(piece.end?.reason.rawValue), "stop_reason": piece.end?.stopReason ?? .null,
        ]
        var members = form.head + [JSONMember("choices", .array([choice.adding(ids)]))]
        if includesUsage { members.append(JSONMember("usage", usageInEveryChunk ? usage.json : .null)) }
        return [.object(members)]
    }

    mutating func lastEvents() -> [JSONValue] {
        includesUsage
            ? [.object(form.head + [JSONMember("choices", .array([])), JSONMember("usage", usage.json)])] : []
    }
}
