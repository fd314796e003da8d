import Inference
import JSON
import Prompting

/// How answers of a chat are written.
struct ChatForm: Sendable {
    let id: String
    let created: Int
    let model: String
    let report: TokenReport
    /// Likeliest tokens to report; nil for no log-probabilities.
    let numTop: Int?
    let showsThoughts: Bool
    /// The prompt's ids, where they are to be told beside the answers' (`return_token_ids`).
    let promptIDs: [Int32]?

    /// The whole response.
    func response(_ answers: [Answer], _ usage: Usage, numPromptLogprobs: Int?) -> JSONValue {
        var usage = usage
        let choices = answers.enumerated().map { index, answer -> JSONValue in
            usage.add(answer.piece)
            let end = answer.piece.end
            let choice: JSONValue = [
                "index": .int(index), "message": message(answer.piece),
                "logprobs": numTop.map { report.chat(answer.piece.tokens, numTop: $0) } ?? .null,
                "finish_reason": JSONValue(end?.reason.rawValue), "stop_reason": end?.stopReason ?? .null,
            ]
            return choice.adding(tokenIDs(answer.piece) + Self.closing(answer.piece))
        }
        var members =
            head("chat.completion") + [JSONMember("choices", .array(choices)), JSONMember("usage", usage.json)]
        if let numPromptLogprobs, let logprobs = answers.first?.piece.prompt?.logprobs {
            members.append(JSONMember("prompt_logprobs", report.prompt(logprobs, numTop: numPromptLogprobs)))
        }
        return .object(members + TokenReport.ids("prompt_token_ids", promptIDs))
    }

    /// The ids behind a piece, where they are to be told.
    func tokenIDs(_ piece: AnswerPiece) -> [JSONMember] {
        TokenReport.ids("token_ids", promptIDs == nil ? nil : piece.tokenIDs)
    }

    /// A thought under vLLM's name and its older one, which other servers keep; nothing where there is none.
    static func thought(_ piece: AnswerPiece) -> [JSONMember] {
        piece.thought.isEmpty
            ? [] : ["reasoning", "reasoning_content"].map { JSONMember($0, .string(piece.thought)) }
    }

    /// Says that the thought was closed for the model; nothing where it was not.
    static func closing(_ piece: AnswerPiece) -> [JSONMember] {
        piece.thoughtClosing.map { [JSONMember("thought_closed_by", .string($0.rawValue))] } ?? []
    }

    private func message(_ piece: AnswerPiece) -> JSONValue {
        let hasText = !piece.text.isEmpty || piece.calls.isEmpty
        var members = [
            JSONMember("role", "assistant"), JSONMember("content", hasText ? .string(piece.text) : .null),
            JSONMember("refusal", .null),
        ]
        if showsThoughts { members += Self.thought(piece) }
        if !piece.calls.isEmpty { members.append(JSONMember("tool_calls", .array(piece.calls.map { call($0) }))) }
        return .object(members)
    }

    /// A call, with its place among the calls where events need it.
    func call(_ call: FunctionCall, index: Int? = nil) -> JSONValue {
        let members: JSONValue = [
            "id": .string(API.identifier("call_")), "type": "function",
            "function": ["name": .string(call.name), "arguments": .string(call.arguments.text())],
        ]
        return index.map { .object([JSONMember("index", .int($0))]).adding(members.members ?? []) } ?? members
    }

    func head(_ object: String) -> [JSONMember] {
        [
            JSONMember("id", .string(id)), JSONMember("object", .string(object)), JSONMember("created", .int(created)),
            JSONMember("model", .string(model)),
        ]
    }
}

/// Writes the answers of a chat as `chat.completion.chunk` events.
struct ChatEvents: EventEncoder {
    private let form: ChatForm
    private var usage: Usage
    private let includesUsage: Bool
    private let usageInEveryChunk: Bool
    private var hasRole: [Bool]
    private var numCalls: [Int]

    init(_ form: ChatForm, _ usage: Usage, _ fields: SamplingFields, numChoices: Int) {
        self.form = form
        self.usage = usage
        includesUsage = fields.includesUsage
        usageInEveryChunk = fields.usageInEveryChunk
        hasRole = Array(repeating: false, count: numChoices)
        numCalls = Array(repeating: 0, count: numChoices)
    }

    mutating func events(_ index: Int, _ piece: AnswerPiece) -> [JSONValue] {
        usage.add(piece)
        var events: [JSONValue] = []
        if !hasRole[index] {
            hasRole[index] = true
            let ids = TokenReport.ids("prompt_token_ids", form.promptIDs)
            events.append(event(index, ["role": "assistant", "content": ""]).adding(ids))
        }
        var delta: [JSONMember] = []
        if form.showsThoughts { delta += ChatForm.thought(piece) }
        if !piece.text.isEmpty { delta.append(JSONMember("content", .string(piece.text))) }
        if !piece.calls.isEmpty {
            let calls = piece.calls.enumerated().map { form.call($1, index: numCalls[index] + $0) }
            numCalls[index] += calls.count
            delta.append(JSONMember("tool_calls", .array(calls)))
        }
        let logprobs = form.numTop.flatMap { piece.tokens.isEmpty ? nil : form.report.chat(piece.tokens, numTop: $0) }
        let more = (piece.tokenIDs.isEmpty ? [] : form.tokenIDs(piece)) + ChatForm.closing(piece)
        if !delta.isEmpty || logprobs != nil || !more.isEmpty {
            events.append(event(index, .object(delta), logprobs: logprobs, more: more))
        }
        if let end = piece.end { events.append(event(index, .object([]), end: end)) }
        return events
    }

    mutating func lastEvents() -> [JSONValue] {
        guard includesUsage else { return [] }
        return [
            .object(
                form.head("chat.completion.chunk") + [
                    JSONMember("choices", .array([])), JSONMember("usage", usage.json),
                ])
        ]
    }

    private func event(
        _ index: Int, _ delta: JSONValue, logprobs: JSONValue? = nil, more: [JSONMember] = [], end: AnswerEnd? = nil
    ) -> JSONValue {
        var choice: [JSONMember] = [
            JSONMember("index", .int(index)), JSONMember("delta", delta), JSONMember("logprobs", logprobs ?? .null),
            JSONMember("finish_reason", JSONValue(end?.reason.rawValue)),
        ]
        choice += more
        if let end { choice.append(JSONMember("stop_reason", end.stopReason)) }
        var members = form.head("chat.completion.chunk") + [JSONMember("choices", .array([.object(choice)]))]
        if includesUsage { members.append(JSONMember("usage", usageInEveryChunk ? usage.json : .null)) }
        return .object(members)
    }
}
