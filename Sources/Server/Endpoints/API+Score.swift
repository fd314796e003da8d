import Foundation
import Inference
import JSON

extension API {
    /// Refuses what the model is not for, as LLaMA-Factory does.
    func check(_ need: Need) throws(APIError) {
        let isReward = engine is RewardModel
        switch need {
        case .writer where isReward:
            throw APIError(
                405, "Not allowed: a reward model scores texts (/v1/score/evaluation), it does not write any.")
        case .rewardModel where !isReward:
            throw APIError(405, "Not allowed: this is no reward model; start the server with one and stage=rm.")
        default: break
        }
    }

    /// POST /v1/score/evaluation: the reward of each text, as it stands.
    func score(_ body: JSONValue) async throws -> Reply {
        guard let model = engine as? RewardModel else { throw APIError(405, "Not allowed") }
        let fields = try Fields(body)
        let (name, _) = try self.model(fields)
        guard let items = try fields.array("messages"), !items.isEmpty else {
            throw fields.invalid("messages", "must be a list of at least one text")
        }
        guard items.count <= 1024 else { throw fields.invalid("messages", "has more than 1024 texts") }
        var texts: [String] = []
        for item in items {
            guard let text = item.stringValue, !text.isEmpty else {
                throw fields.invalid("messages", "must hold texts with at least one character")
            }
            texts.append(text)
        }
        let maxLength = try fields.int("max_length", 1...model.maxModelLength)
        let scored = texts
        let scores = try await Self.offload { try model.score(texts: scored, maxLength: maxLength) }
        return .json([
            "id": .string(try identifier("scoreval-", fields)), "object": "score.evaluation", "model": .string(name),
            "scores": .array(scores.map { .double($0) }),
        ])
    }
}
