import Foundation
import JSON
import TestSupport
import Testing

@testable import Reporting

@Suite struct ModelCardTests {
    @Test func `The card of an adapter equals LLaMA-Factory's and peft's`() throws {
        var card = ModelCard(
            library: .peft, modelName: "reference-run", baseModel: "./Qwen2-Tiny", finetuningType: "lora")
        card.datasets = ["identity"]
        card.hyperparameters = [
            .init("learning_rate", "0.001"), .init("train_batch_size", "1"), .init("eval_batch_size", "8"),
            .init("seed", "42"), .init("gradient_accumulation_steps", "8"), .init("total_train_batch_size", "8"),
            .init(
                "optimizer",
                "Use OptimizerNames.ADAMW_TORCH_FUSED with betas=(0.9,0.999) and epsilon=1e-08 and "
                    + "optimizer_args=No additional optimizer arguments"),
            .init("lr_scheduler_type", "cosine"), .init("lr_scheduler_warmup_steps", "0.1"), .init("num_epochs", "2.0"),
        ]
        card.frameworkVersions = [
            .init("PEFT", "0.18.1"), .init("Transformers", "5.6.0"), .init("Pytorch", "2.11.0+cu130"),
            .init("Datasets", "4.0.0"), .init("Tokenizers", "0.22.2"),
        ]
        card.evalResults = ["Loss": 11.9358549118042, "Accuracy": 0.0, "Num Input Tokens Seen": 3968]
        card.trainingResults = []
        #expect(card.text == (try fixtureText("run_README.md")) + "\n")
    }

    @Test func `The card of a full fine-tuning equals transformers', table included`() throws {
        var card = ModelCard(
            library: .transformers, modelName: "full-run", baseModel: "Qwen/Qwen2.5-0.5B", finetuningType: "full")
        card.datasets = ["identity", "alpaca_en_demo", "数据"]
        card.hyperparameters = [
            .init("learning_rate", "1e-05"), .init("train_batch_size", "1"), .init("num_epochs", "1.0"),
        ]
        card.frameworkVersions = [
            .init("Transformers", "5.6.0"), .init("Pytorch", "2.11.0+cu130"), .init("Datasets", "4.0.0"),
            .init("Tokenizers", "0.22.2"),
        ]
        card.setResults(from: try fixtureJSON("card_full_history.json").items.map(\.record))
        try TemporaryFolder.with { folder in
            try card.write(to: folder)
            #expect(try text(of: folder + "/README.md") == fixtureText("card_full.md"))
        }
    }

    @Test func `Names that YAML would misread are quoted`() {
        let names = ["a: b", "yes", "1.5", "", "-x", "ok", "模型", "a #b", "C:", "x\ny", "./a b"]
        #expect(
            names.map(ModelCard.yaml) == [
                #""a: b""#, #""yes""#, #""1.5""#, #""""#, #""-x""#, "ok", "模型", #""a #b""#, #""C:""#, #""x\ny""#,
                "./a b",
            ])
    }

    @Test func `A run without evaluation has no results`() {
        var card = ModelCard(library: .peft, modelName: "m", baseModel: "b", finetuningType: "lora")
        card.setResults(from: [["loss": 1, "step": 1]])
        #expect(card.evalResults == nil && card.trainingResults == [])
        #expect(card.text.contains("on an unknown dataset.\n\n## Model description"))
    }
}
