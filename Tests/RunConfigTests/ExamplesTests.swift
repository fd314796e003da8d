import Foundation
import Testing

@testable import RunConfig

/// The package's folder.
let packageFolder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

@Suite struct ExamplesTests {
    private static let purposes: [String: RunConfig.Purpose] = [
        "train_lora": .training, "train_qlora": .training, "train_full": .training, "inference": .inference,
        "merge_lora": .export,
        "preference": .training,
    ]

    @Test func `every file under Examples is a valid configuration`() throws {
        let folder = packageFolder.appendingPathComponent("Examples")
        let names = try FileManager.default.subpathsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".yaml") }
        #expect(names.count == 16)
        for name in names {
            let kind = String(name.prefix { $0 != "/" })
            let purpose = try #require(Self.purposes[kind], "no purpose for the folder \(kind)")
            let path = folder.appendingPathComponent(name).path
            #expect(throws: Never.self, "\(name)") { _ = try RunConfig.load(file: path, purpose: purpose) }
        }
    }

    @Test func `the LoRA example has the values that are written in it, and says what has no effect`() throws {
        let path = packageFolder.appendingPathComponent("Examples/train_lora/qwen2_5vl_lora_sft.yaml").path
        let config = try RunConfig.load(file: path)
        #expect(
            config.givenText == """
                bf16: true
                cutoff_len: 2048
                dataloader_num_workers: 4
                dataset: [mllm_demo, identity, alpaca_en_demo]
                ddp_timeout: 180000000
                do_train: true
                finetuning_type: lora
                gradient_accumulation_steps: 8
                image_max_pixels: 262144
                learning_rate: 0.0001
                logging_steps: 10
                lora_rank: 8
                lora_target: [all]
                lr_scheduler_type: cosine
                max_samples: 1000
                model_name_or_path: Qwen/Qwen2.5-VL-7B-Instruct
                num_train_epochs: 3
                output_dir: saves/qwen2_5vl-7b/lora/sft
                overwrite_output_dir: true
                per_device_train_batch_size: 1
                plot_loss: true
                preprocessing_num_workers: 16
                report_to: [none]
                resume_from_checkpoint: null
                save_only_model: false
                save_steps: 500
                stage: sft
                template: qwen2_vl
                trust_remote_code: true
                video_max_pixels: 16384
                warmup_ratio: 0.1

                """)
        #expect(
            config.notes == [
                "`trust_remote_code: true` has no effect: nothing in a model folder is ever executed.",
                "`preprocessing_num_workers: 16` has no effect: rows are prepared on all cores within one process.",
                "`dataloader_num_workers: 4` has no effect: samples are prepared ahead on threads of the same process.",
            ])
        #expect(config.training.learningRate == 1e-4)
        #expect(config.training.lrSchedulerType == .cosine)
        #expect(config.tuning.effectiveLoraAlpha == 16)
        #expect(config.training.warmupSteps(of: 207) == 21)
    }
}
