import Dispatch
import Foundation
import Inference
import JSON
import Prompting

/// What stands behind the routes: the model, its engine and the limits.
struct API: Sendable {
    let settings: ServerSettings
    let engine: any GenerationEngine
    let encoder: PromptEncoder
    /// What a request that says nothing gets.
    let defaults: SamplingSettings
    let metrics: Metrics
    let constraints: ConstraintCompiler
    /// The client's name for the request that is being answered (`X-Request-Id`).
    var requestID: String?
    /// Seconds since 1970 at the start.
    let created = Int(Date().timeIntervalSince1970)

    /// What a request gets back.
    enum Reply: Sendable {
        case json(JSONValue, status: Int = 200)
        case text(String, type: String)
        /// Server-sent events.
        case events(AnswerStream, any EventEncoder)
    }

    /// The name for answers, and the adapter that `model` asks for. Without `model` it is the model itself.
    func model(_ fields: Fields) throws(APIError) -> (name: String, adapter: String?) {
        guard let name = try fields.string("model") else { return (settings.modelNames.first ?? "model", nil) }
        if settings.modelNames.contains(name) || settings.aliases.contains(name) { return (name, nil) }
        if engine.adapterNames.contains(name) { return (name, name) }
        throw .unknownModel(name)
    }

    /// The engine's request of choice `index`.
    func request(
        _ prompt: Prompt, _ sampling: SamplingSettings, _ fields: SamplingFields, adapter: String?,
        constraint: (any TokenConstraint)?, numLogprobs: Int?, index: Int
    ) -> GenerationRequest {
        var sampling = sampling
        var stopIDs = encoder.stopIDs.union(fields.extraStopIDs)
        if sampling.ignoresStopIDs, !fields.extraStopIDs.isEmpty {
            // As in vLLM, ignore_eos lets the model's own stop tokens pass, never the request's.
            sampling.ignoresStopIDs = false
            stopIDs = fields.extraStopIDs
        }
        var request = encoder.request(prompt, sampling: sampling, stream: UInt64(index))
        request.stopIDs = stopIDs
        request.adapter = adapter
        request.constraint = constraint
        request.numLogprobs = numLogprobs
        request.numPromptLogprobs = index == 0 ? fields.numPromptLogprobs : nil
        return request
    }

    /// Runs work that keeps a processor busy away from the threads that serve connections.
    static func offload<Result: Sendable>(_ work: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(with: Swift.Result { try work() }) }
        }
    }

    /// Waits for every answer of a stream, in the order of their requests.
    func gather(_ stream: AnswerStream, count: Int) async throws -> [Answer] {
        var answers = [Answer](repeating: Answer(), count: count)
        var hasBegun = false
        do {
            for try await (index, piece) in stream.items {
                answers[index].append(piece)
                hasBegun = true
            }
        } catch let error as InferenceError where !hasBegun {
            // A request that can never run; later it would be the engine's own trouble.
            throw APIError(400, "\(error)")
        }
        try Task.checkCancellation()
        return answers
    }

    /// The id of an answer: the client's where it gave one, as in vLLM.
    func identifier(_ prefix: String, _ fields: Fields) throws(APIError) -> String {
        let given = try fields.string("request_id")
        if let given, !Self.isIdentifier(given) {
            throw fields.invalid("request_id", "must be 1 to 128 visible ASCII characters")
        }
        return (requestID ?? given).map { prefix + $0 } ?? Self.identifier(prefix)
    }

    /// Whether a text may be repeated as an id: short, and nothing but visible ASCII.
    static func isIdentifier(_ text: String) -> Bool {
        (1...128).contains(text.utf8.count) && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }

    static func identifier(_ prefix: String) -> String {
        prefix + UUID().uuidString.lowercased().filter { $0 != "-" }
    }
}

/// Writes the pieces of answers as events of one kind.
protocol EventEncoder: Sendable {
    /// The events of one piece.
    mutating func events(_ index: Int, _ piece: AnswerPiece) -> [JSONValue]
    /// The events after the last piece.
    mutating func lastEvents() -> [JSONValue]
}

extension Usage {
    var json: JSONValue {
        [
            "prompt_tokens": .int(numPrompt), "total_tokens": .int(numPrompt + numAnswer),
            "completion_tokens": .int(numAnswer),
            "prompt_tokens_details": ["cached_tokens": .int(numCached)],
        ]
    }
}

extension JSONValue {
    init(_ value: String?) { self = value.map(JSONValue.string) ?? .null }

    /// The object with further members.
    func adding(_ members: [JSONMember]) -> JSONValue { .object((self.members ?? []) + members) }
}
