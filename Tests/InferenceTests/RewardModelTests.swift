import Foundation
import Prompting
import RunConfig
import TestSupport
import Testing

@testable import Inference

struct RewardModelTests {
    private struct Score: Decodable {
        let text: String
        let score: Double
    }

    /// The adapter with a value head beside it.
    private func adapter(in folder: String) throws -> String {
        let path = "\(folder)/adapter", files = FileManager.default
        try files.copyItem(atPath: Fixture.adapter("qwen2"), toPath: path)
        let head = Fixture.adapter("qwen2") + "/../../preference/heads/qwen2/value_head.safetensors"
        try files.copyItem(atPath: head, toPath: "\(path)/value_head.safetensors")
        return path
    }

    @Test func `scores equal those of peft and the value head, also after an export`() throws {
        try TemporaryFolder.with { folder in
            let path = try adapter(in: folder), expected: [Score] = try Fixture.json("scores")
            let arguments = ["adapter_name_or_path=\(path)", "template=qwen", "infer_dtype=float32"]
            let config = try Fixture.config(Fixture.model("qwen2"), arguments[0], arguments[1], arguments[2])
            let scores = try RewardModel(InferenceSettings(config)).score(texts: expected.map(\.text))
            for (score, row) in zip(scores, expected) { #expect(abs(score - row.score) < 1e-4) }
            let target = "\(folder)/merged"
            _ = try ModelExporter(
                try Fixture.config(
                    Fixture.model("qwen2"), arguments[0], arguments[1], arguments[2], "export_dir=\(target)",
                    purpose: .export)
            ).start { _ in }
            let merged = try RewardModel(InferenceSettings(try Fixture.config(target, "infer_dtype=float32")))
            for (score, row) in zip(try merged.score(texts: expected.map(\.text)), expected) {
                #expect(abs(score - row.score) < 1e-4)
            }
            let answers = ["7", "8"].map {
                Conversation(messages: [Message(.user, "How many?"), Message(.assistant, $0)])
            }
            let own = try merged.score(answers)
            #expect(own.count == 2 && own[0] != own[1])
        }
    }

    @Test func `a model without a value head is refused`() throws {
        let config = try Fixture.config(Fixture.model("qwen2"), "template=qwen")
        #expect { try RewardModel(InferenceSettings(config)) } throws: { "\($0)".contains("so it is no reward model") }
    }
}
