import Foundation
import Models
import Prompting
import Testing
import Torch

@testable import Inference

/// Models whose weights are quantized when they are loaded.
struct QuantizationTests {
    /// The length of the difference of two models' logits over the length of the first.
    private static func difference(_ code: QuantizedWeight.Code) throws -> Double {
        try TensorThread.cpu.run {
            let folder = Fixture.model("qwen2")
            let ids = (0..<40).map { Int32($0 * 7 % 200) }
            let all = try [nil, code].map { code -> [Float] in
                try scope("comparing") {
                    let model = try LanguageModel.load(folder: folder, dtype: .float32)
                    if let code { model.quantize(code) }
                    return noGrad {
                        let input = ModelInput([Prompt(tokenIDs: ids)], vision: nil)
                        return model.nextTokenLogits(model.hiddenStates(input)).array(Float.self)
                    }
                }
            }
            let (squares, whole) = zip(all[0], all[1]).reduce((0.0, 0.0)) { sum, pair in
                let gap = Double(pair.0 - pair.1)
                return (sum.0 + gap * gap, sum.1 + Double(pair.0) * Double(pair.0))
            }
            return (squares / whole).squareRoot()
        }
    }

    @Test func `8 bits change the logits by little, 4 bits by more`() throws {
        let (int8, nf4) = (try Self.difference(.int8), try Self.difference(.nf4))
        #expect(int8 > 0 && int8 < 0.03, "8 bits: \(int8)")
        #expect(nf4 > int8 && nf4 < 0.4, "4 bits: \(nf4)")
    }

    @Test(arguments: ["quantization_bit=8", "quantization_bit=4"])
    func `a quantized model answers`(_ setting: String) throws {
        let settings = try InferenceSettings(
            Fixture.config(
                "model_name_or_path=\(Fixture.model("qwen2.5-vl"))", "template=qwen2_vl", setting))
        let session = try InferenceSession(settings)
        let (prompt, _) = try session.prompt(Conversation(messages: [Message(.user, "?")]))
        let answer = try session.complete([prompt], sampling: .greedy(maxNewTokens: 4), stopIDs: [])
        #expect(answer.first?.tokenIDs.count == 4)
    }

    @Test func `bits other than 8 and 4 are refused`() throws {
        #expect(throws: InferenceError.self) {
            try InferenceSettings(
                Fixture.config("model_name_or_path=\(Fixture.model("qwen2"))", "quantization_bit=3"))
        }
    }
}
