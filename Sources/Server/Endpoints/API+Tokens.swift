import Foundation
import Inference
import JSON
import Prompting

extension API {
    /// POST /tokenize: the ids of a text or of a conversation.
    func tokenize(_ body: JSONValue) async throws -> Reply {
        let fields = try Fields(body)
        _ = try model(fields)
        let ids: [Int32]
        if fields["messages"] != nil {
            ids = try await prompt(fields, ToolFields(fields), ChatOptions(fields, settings: settings)).tokenIDs
        } else if let text = try fields.string("prompt") {
            ids = encoder.prompt(text: text, addsSpecial: try fields.bool("add_special_tokens") ?? true).tokenIDs
        } else {
            throw fields.invalid("prompt", "is missing")
        }
        let texts = try fields.bool("return_token_strs") ?? false
        return .json([
            "count": .int(ids.count), "max_model_len": .int(engine.maxModelLength),
            "tokens": .array(ids.map { .int(Int($0)) }),
            "token_strs": texts ? .array(ids.map { .string(encoder.tokenizer.token(for: $0) ?? "") }) : .null,
        ])
    }

    /// POST /detokenize: the text of ids.
    func detokenize(_ body: JSONValue) throws -> Reply {
        let fields = try Fields(body)
        _ = try model(fields)
        guard let ids = try fields.tokenIDs("tokens", below: encoder.vocabularySize, limit: 1 << 22) else {
            throw fields.invalid("tokens", "is missing")
        }
        return .json(["prompt": .string(encoder.tokenizer.decode(ids))])
    }

    /// POST /v1/embeddings: the mean of the last hidden states of each text.
    func embed(_ body: JSONValue) async throws -> Reply {
        let fields = try Fields(body)
        let (name, adapter) = try model(fields)
        let format = try fields.string("encoding_format") ?? "float"
        guard ["float", "base64"].contains(format) else {
            throw fields.invalid("encoding_format", "must be float or base64")
        }
        guard fields["dimensions"] == nil else {
            throw fields.invalid("dimensions", "cannot be chosen: the model has one width")
        }
        let prompts = try prompts(fields, "input")
        for prompt in prompts where prompt.tokenIDs.count > engine.maxModelLength {
            throw APIError.contextLength(
                "This model's maximum context length is \(engine.maxModelLength) tokens, but an input has \(prompt.tokenIDs.count). Please shorten it."
            )
        }
        let vectors = try await engine.embed(prompts, adapter: adapter)
        let data = vectors.enumerated().map { index, vector -> JSONValue in
            let embedding: JSONValue =
                format == "float"
                ? .array(vector.map { .double(Double($0)) })
                : .string(vector.withUnsafeBytes { Data($0) }.base64EncodedString())
            return ["object": "embedding", "index": .int(index), "embedding": embedding]
        }
        let count = prompts.reduce(0) { $0 + $1.tokenIDs.count }
        return .json([
            "id": .string(try identifier("embd-", fields)), "object": "list",
            "created": .int(Int(Date().timeIntervalSince1970)),
            "model": .string(name), "data": .array(data),
            "usage": ["prompt_tokens": .int(count), "total_tokens": .int(count)],
        ])
    }
}
