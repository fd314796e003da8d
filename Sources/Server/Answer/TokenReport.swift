import Inference
import JSON
import Prompting

/// Log-probabilities in the forms that clients know.
struct TokenReport: Sendable {
    let tokenizer: Tokenizer
    /// Whether tokens are named by their ids, which no two share, in place of their texts.
    var namesByID = false

    /// JSON has no infinity; the number is vLLM's.
    private func number(_ logprob: Float) -> JSONValue { .double(Double(max(logprob, -9999))) }

    private func text(_ id: Int32) -> String { namesByID ? "token_id:\(id)" : decoded(id) }

    private func decoded(_ id: Int32) -> String { tokenizer.decode([id]) }

    private func entry(_ token: TokenLogprob) -> [JSONMember] {
        [
            JSONMember("token", .string(text(token.id))), JSONMember("logprob", number(token.logprob)),
            JSONMember("bytes", .array(tokenizer.bytes(of: token.id).map { .int(Int($0)) })),
        ]
    }

    /// `choices[].logprobs` of chats.
    func chat(_ tokens: [(token: TokenLogprob, likeliest: [TokenLogprob])], numTop: Int) -> JSONValue {
        let content = tokens.map { token, likeliest -> JSONValue in
            let top = JSONValue.array(likeliest.prefix(numTop).map { .object(entry($0)) })
            return .object(entry(token) + [JSONMember("top_logprobs", top)])
        }
        return ["content": .array(content)]
    }

    /// `choices[].logprobs` of plain completions.
    ///
    /// - Parameter offset: characters before the first token; moves past the tokens.
    func completion(
        _ tokens: [(token: TokenLogprob, likeliest: [TokenLogprob])], numTop: Int, offset: inout Int
    ) -> JSONValue {
        var texts: [JSONValue] = [], values: [JSONValue] = [], top: [JSONValue] = [], offsets: [JSONValue] = []
        for (token, likeliest) in tokens {
            let text = text(token.id)
            texts.append(.string(text))
            // The first token of a prompt has no probability.
            values.append(token.logprob.isNaN ? .null : number(token.logprob))
            var members =
                token.logprob.isNaN ? [] : likeliest.prefix(numTop).map { (self.text($0.id), number($0.logprob)) }
            if !token.logprob.isNaN, !members.contains(where: { $0.0 == text }) {
                members.append((text, number(token.logprob)))
            }
            top.append(members.isEmpty ? .null : .object(Self.unique(members)))
            offsets.append(.int(offset))
            offset += text.unicodeScalars.count
        }
        return [
            "text_offset": .array(offsets), "token_logprobs": .array(values), "tokens": .array(texts),
            "top_logprobs": .array(top),
        ]
    }

    /// Several tokens can be the same half of a character: the likeliest counts.
    private static func unique(_ members: [(String, JSONValue)]) -> [JSONMember] {
        var seen: Set<String> = []
        return members.filter { seen.insert($0.0).inserted }.map { JSONMember($0.0, $0.1) }
    }

    /// Ids as vLLM's `return_token_ids` reports them under `key`; nothing where they are not wanted.
    static func ids(_ key: String, _ ids: [Int32]?) -> [JSONMember] {
        ids.map { [JSONMember(key, .array($0.map { .int(Int($0)) }))] } ?? []
    }

    /// vLLM's `prompt_logprobs`: for each token an object by id, null for the first.
    func prompt(_ logprobs: [[TokenLogprob]], numTop: Int) -> JSONValue {
        .array(
            logprobs.map { entries -> JSONValue in
                guard let chosen = entries.first else { return .null }
                let likeliest = Array(entries.dropFirst().prefix(numTop))
                var members: [JSONMember] = []
                for token in [chosen] + likeliest where !members.contains(where: { $0.key == "\(token.id)" }) {
                    let place = likeliest.firstIndex { $0.id == token.id }.map { $0 + 1 }
                    members.append(
                        JSONMember(
                            "\(token.id)",
                            [
                                "logprob": number(token.logprob),
                                "rank": (place ?? token.rank).map { .int($0) } ?? .null,
                                "decoded_token": .string(decoded(token.id)),
                            ]))
                }
                return .object(members)
            })
    }
}
