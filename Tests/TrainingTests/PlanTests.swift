import Foundation
import Models
import RunConfig
import TestSupport
import Testing
import Torch

@testable import Training

/// What a run would do, from config.json alone.
struct PlanTests {
    /// Qwen2.5-VL-7B's configuration, as far as it is read.
    private static let config = """
        {"model_type": "qwen2_5_vl", "tie_word_embeddings": false, "hidden_size": 3584, "intermediate_size": 18944,
         "num_hidden_layers": 28, "num_attention_heads": 28, "num_key_value_heads": 4, "vocab_size": 152064, "rms_norm_eps": 1e-06,
         "max_position_embeddings": 128000, "rope_theta": 1000000.0, "torch_dtype": "bfloat16",
         "rope_scaling": {"type": "mrope", "mrope_section": [16, 24, 24]},
         "vision_config": {"depth": 32, "hidden_size": 1280, "intermediate_size": 3420, "num_heads": 16, "out_hidden_size": 3584,
          "patch_size": 14, "spatial_merge_size": 2, "temporal_patch_size": 2, "tokens_per_second": 2, "window_size": 112,
          "fullatt_block_indexes": [7, 15, 23, 31], "in_chans": 3}}
        """

    @Test func `Qwen2.5-VL-7B with LoRA has LLaMA-Factory's parameter line`() throws {
        let folder = try TemporaryFolder()
        try folder.write("config.json", Self.config)
        let config = try RunConfig.load(
            file: nil,
            overrides: RunSettings.lora(model: "qwen2.5-vl", output: "unused") + [
                "model_name_or_path=\(folder.path)", "lora_rank=8",
            ])
        let lines = try DryRun.lines(config)
        #expect(lines.contains("trainable params: 20,185,088 || all params: 8,312,351,744 || trainable%: 0.2428"))
        #expect(lines.contains { $0.hasPrefix("Steps: unknown") && $0.contains("tokenizer.json") })
    }

    @Test func `a dry run shows steps by both rules, tokens and memory, and writes nothing`() throws {
        let folder = try TemporaryFolder()
        let result = try Program.train(
            RunSettings.lora(output: "output") + [
                "max_steps=-1", "num_train_epochs=3", "gradient_accumulation_steps=5", "--dry-run",
            ],
            in: folder.path)
        #expect(result.status == 0, "\(result.errors)")
        for words in [
            "Total optimization steps: 15 (12 by the rounding rule of transformers before 4.52)",
            "24 rows read, 24 kept",
            "Samples: 24 to train on", "Memory: weights", "Peak estimate:",
        ] { #expect(result.output.contains(words), "\(result.output)") }
        #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/output"))
    }

    @Test func `too little memory means smaller packs, then recomputation, never less than the longest sample`() throws
    {
        let config = try ModelConfig(json: Data(Self.config.utf8), path: "config.json")
        let model = LanguageModel(config), count = ParameterCount(model)
        let memory = MemoryPlan(config, parameters: count, compute: .bfloat16, trainsWeights: false)
        var seen: [ExecutionPlan] = []
        for gigabytes in [1000, 80, 40, 1] {
            seen.append(
                ExecutionPlan(memory, longest: 900, stepTokens: 6000, mayRecompute: true, budgetBytes: gigabytes << 29)
            )
        }
        #expect(
            seen[0]
                == ExecutionPlan(memory, longest: 900, stepTokens: 6000, mayRecompute: false, budgetBytes: 500 << 30))
        #expect(seen[0].packTokens == 900 && !seen[0].recompute)
        #expect(seen.allSatisfy { $0.packTokens >= 900 })
        #expect(
            zip(seen, seen.dropFirst()).allSatisfy { $0.recompute != $1.recompute || $0.packTokens >= $1.packTokens })
        #expect(seen[3].recompute && seen[3].packTokens == 900)
        // Gradients are added in place, so that trained weights do not ask for larger packs.
        let full = MemoryPlan(config, parameters: count, compute: .bfloat16, trainsWeights: true)
        #expect(
            ExecutionPlan(full, longest: 900, stepTokens: 6000, mayRecompute: true, budgetBytes: 500 << 30).packTokens
                == 900)
    }

    @Test func `a container's limit counts as the machine's memory`() {
        let files = [
            "/sys/fs/cgroup/memory.max": "max\n", "/sys/fs/cgroup/pod/memory.max": "8589934592\n",
            "/sys/fs/cgroup/pod/box/memory.max": "max\n", "/sys/fs/cgroup/memory/a/memory.limit_in_bytes": "1048576\n",
        ]
        func limits(_ text: String) -> [Int] { MemoryPlan.containerLimits(ofProcess: text) { files[$0] } }
        #expect(limits("0::/pod/box\n") == [8_589_934_592])
        #expect(limits("0::/\n") == [])
        #expect(limits("12:cpu,memory:/a/b\n3:pids:/a\n") == [1_048_576])
        #expect(limits("nonsense\n\n") == [])
    }
}
