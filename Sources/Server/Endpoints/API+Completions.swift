import Foundation
import Inference
import JSON
import Prompting

extension API {
    /// POST /v1/completions.
    func complete(_ body: JSONValue) async throws -> Reply {
        let fields = try Fields(body)
        let (name, adapter) = try model(fields)
        let sampling = try SamplingFields(fields, defaults: defaults, encoder: encoder, settings: settings)
        let numTop = try fields.int("logprobs", 0...settings.maxLogprobs)
        let echoes = try fields.bool("echo") ?? false
        let maxTokens = try fields.int("max_tokens", (echoes ? 0 : 1)...SamplingFields.maxTokens)
        if let best = try fields.int("best_of", 1...settings.maxChoices), best != sampling.numChoices {
            throw fields.invalid("best_of", "must equal n")
        }
        let spec = try ConstraintSpec(fields)
        let prompts = try prompts(fields, "prompt")
        guard prompts.count * sampling.numChoices <= 1024 else {
            throw fields.invalid("prompt", "\(prompts.count) prompts times n are more than 1024 answers")
        }
        let constraint = try await constraint(spec, nil, sampling.allowedTokenIDs, thinks: false)
        var jobs: [AnswerJob] = []
        var usage = Usage()
        for prompt in prompts {
            var fitted = try sampling.fitted(
                promptLength: prompt.tokenIDs.count, maxTokens: maxTokens ?? 16, limit: engine.maxModelLength)
            fitted.maxNewTokens = min(fitted.maxNewTokens ?? 0, engine.maxModelLength - prompt.tokenIDs.count)
            usage.numPrompt += prompt.tokenIDs.count
            for index in 0..<sampling.numRequests {
                var request = request(
                    prompt, fitted, sampling, adapter: adapter, constraint: constraint, numLogprobs: numTop,
                    index: index)
                if echoes, let numTop { request.numPromptLogprobs = max(numTop, sampling.numPromptLogprobs ?? 0) }
                let reader = AnswerReader(
                    AnswerText(
                        encoder.tokenizer, sampling: fitted, stops: sampling.stops, keepsStop: sampling.keepsStop),
                    reportsTokens: numTop != nil, stopIDs: sampling.extraStopIDs)
                jobs.append(AnswerJob(request: request, reader: reader))
            }
        }
        let form = CompletionForm(
            id: try identifier("cmpl-", fields), created: Int(Date().timeIntervalSince1970), model: name,
            report: TokenReport(tokenizer: encoder.tokenizer, namesByID: sampling.namesTokensByID), numTop: numTop,
            prompts: jobs.flatMap { Array(repeating: $0.request.prompt.tokenIDs, count: $0.numAnswers) },
            echoes: echoes, returnsTokenIDs: sampling.returnsTokenIDs)
        let numAnswers = prompts.count * sampling.numChoices
        let stream = AnswerStream(jobs, engine: engine, metrics: metrics)
        if sampling.streams {
            return .events(stream, CompletionEvents(form, usage, sampling, numChoices: numAnswers))
        }
        let answers = try await gather(stream, count: numAnswers)
        return .json(
            form.response(
                answers, usage, numPromptLogprobs: sampling.numPromptLogprobs, numChoices: sampling.numChoices))
    }

    /// One or many prompts: a text, texts, token ids, or lists of token ids.
    func prompts(_ fields: Fields, _ key: String) throws(APIError) -> [Prompt] {
        guard let value = fields[key] else { throw fields.invalid(key, "is missing") }
        let addsSpecial = try fields.bool("add_special_tokens") ?? true
        let items = value.arrayValue ?? [value]
        guard value.number == nil else { throw fields.invalid(key, "must be text, a list of texts, or token ids") }
        guard !items.isEmpty, items.count <= 1 << 20 else { throw fields.invalid(key, "must not be empty") }
        let keep = try fields.int("truncate_prompt_tokens", 1...SamplingFields.maxTokens)
        func finished(_ prompt: Prompt) throws(APIError) -> Prompt {
            guard !prompt.tokenIDs.isEmpty else { throw fields.invalid(key, "must not be empty") }
            guard let keep, keep < prompt.tokenIDs.count else { return prompt }
            return encoder.prompt(tokenIDs: Array(prompt.tokenIDs.suffix(keep)))
        }
        // A flat list of numbers is one prompt.
        if items.allSatisfy({ $0.number != nil }) {
            return [try finished(encoder.prompt(tokenIDs: try ids(items, fields, key)))]
        }
        guard items.count <= 1024 else { throw fields.invalid(key, "has more than 1024 prompts") }
        var prompts: [Prompt] = []
        for item in items {
            if let text = item.stringValue {
                prompts.append(try finished(encoder.prompt(text: text, addsSpecial: addsSpecial)))
            } else if let list = item.arrayValue {
                prompts.append(try finished(encoder.prompt(tokenIDs: try ids(list, fields, key))))
            } else {
                throw fields.invalid(key, "must be text, a list of texts, or token ids")
            }
        }
        return prompts
    }

    private func ids(_ items: [JSONValue], _ fields: Fields, _ key: String) throws(APIError) -> [Int32] {
        var ids: [Int32] = []
        for item in items {
            guard let id = item.integer, id >= 0, id < encoder.vocabularySize else {
                throw fields.invalid(key, "must hold token ids from 0 to \(encoder.vocabularySize - 1)")
            }
            ids.append(Int32(id))
        }
        return ids
    }
}
