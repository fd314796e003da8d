import Foundation
import Reporting
import RunConfig
import TestSupport
import Testing

@testable import Training

/// Runs that were killed, stopped or ran out of space go on as if nothing had happened: log_history, weights, moments and
/// random state equal an uninterrupted run's bit by bit. Tools/parity/kill_resume.sh does the same with many more kills.
struct ResumeTests {
    /// Shuffling, dropout, accumulation, evaluation, and logging that is out of step with saving.
    static func arguments(_ kind: String, output: String) -> [String] {
        let isFull = kind == "full"
        let streams = [
            "max_steps=18", "num_train_epochs=1", "streaming=true", "buffer_size=5", "val_size=3", "neat_packing=true",
            "cutoff_len=160", "preprocessing_batch_size=7",
        ]
        return RunSettings.lora(output: output).filter { !isFull || !$0.hasPrefix("lora_") } + [
            "max_steps=-1", "num_train_epochs=6", "per_device_train_batch_size=2", "gradient_accumulation_steps=3",
            "val_size=0.2",
            "eval_strategy=steps", "eval_steps=4", "save_strategy=steps", "save_steps=3", "logging_steps=2",
            "weight_decay=0.01",
        ] + (isFull ? ["finetuning_type=full", "bf16=true", "save_total_limit=2"] : ["lora_dropout=0.1"])
            + (kind == "streaming" ? streams : [])
    }

    /// What must be equal between two output folders.
    struct Result: Equatable {
        var history: [[String: Double]]
        var files: [String: Data]
        var names: [String]

        init(_ folder: String, processes: Int = 1) throws {
            let state = try StateFile(folder: folder)
            history = state.log_history.map {
                $0.filter { !$0.key.hasSuffix("_runtime") && !$0.key.hasSuffix("_per_second") }
            }
            names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
            let last = try #require(CheckpointFolder.steps(in: folder).last)
            files = [:]
            let weights = names.filter { $0.hasSuffix(".safetensors") }
            let states = (0..<processes).map { RandomState.fileName(rank: $0, of: processes) }
            for name in weights + (weights + ["optimizer.safetensors"] + states).map({ "checkpoint-\(last)/\($0)" }) {
                files[name] = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)"))
            }
            #expect(files.count == 3 + processes && !history.isEmpty)
        }
    }

    private func expectEqual(_ ours: String, _ reference: String, _ label: String = "") throws {
        let a = try Result(ours), b = try Result(reference)
        #expect(a.history == b.history, "\(label)")
        #expect(a.names == b.names, "\(label)")
        let different = b.files.keys.filter { a.files[$0] != b.files[$0] }
        #expect(different.isEmpty && a.files.count == b.files.count, "\(label)")
    }

    /// Waits until `condition` holds or the process is gone.
    private func wait(for process: pid_t, until condition: () -> Bool) {
        while !condition(), kill(process, 0) == 0 { usleep(2000) }
    }

    @Test(arguments: ["lora", "full", "streaming"])
    func `a run that is killed at random moments ends with the same bits`(_ kind: String) throws {
        let folder = try TemporaryFolder()
        let start = DispatchTime.now().uptimeNanoseconds
        #expect(try Program.train(Self.arguments(kind, output: "reference"), in: folder.path).status == 0)
        let span = (DispatchTime.now().uptimeNanoseconds - start) / 1000
        var generator = SystemRandomNumberGenerator(), kills = 0, result: Program
        repeat {
            // The last attempts are left alone, so that a slow machine comes to an end too.
            result = try Program.train(Self.arguments(kind, output: "killed"), in: folder.path) { process in
                guard kills < 4 else { return }
                usleep(UInt32(UInt64.random(in: span / 3...span, using: &generator)))
                kill(process, SIGKILL)
            }
            if result.status == 128 + SIGKILL { kills += 1 }
        } while result.status == 128 + SIGKILL
        #expect(result.status == 0, "\(result.errors)")
        try expectEqual("\(folder.path)/killed", "\(folder.path)/reference", "after \(kills) kills")
    }

    @Test(arguments: [SIGTERM, SIGINT])
    func `a signal saves, ends with status 0 and is gone on from with the same bits`(_ signal: Int32) throws {
        let folder = try TemporaryFolder()
        // Long enough to be still running when the signal arrives.
        let longer = ["num_train_epochs=60", "save_steps=60", "eval_steps=40"]
        func arguments(_ output: String) -> [String] { Self.arguments("lora", output: output) + longer }
        #expect(try Program.train(arguments("reference"), in: folder.path).status == 0)
        let stopped = try Program.train(arguments("stopped"), in: folder.path) { process in
            let log = "\(folder.path)/stopped/trainer_log.jsonl"
            wait(for: process) { (FileManager.default.contents(atPath: log)?.count ?? 0) > 0 }
            kill(process, signal)
        }
        #expect(stopped.status == 0, "\(stopped.errors)")
        let steps = CheckpointFolder.steps(in: "\(folder.path)/stopped")
        #expect(stopped.output.contains("Stopped at step \(steps.last ?? -1); run the same command again"))
        #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/stopped/adapter_model.safetensors"))
        let second = try Program.train(arguments("stopped"), in: folder.path)
        #expect(second.status == 0 && second.output.contains("Resuming from stopped/checkpoint-\(steps.last ?? -1)"))
        // The checkpoint of the stop lies between those that are due.
        for step in Set(steps).subtracting(CheckpointFolder.steps(in: "\(folder.path)/reference")) {
            try FileManager.default.removeItem(atPath: "\(folder.path)/stopped/checkpoint-\(step)")
        }
        try expectEqual("\(folder.path)/stopped", "\(folder.path)/reference")
    }

    @Test func `a save that runs out of space is an error, the old checkpoint stays and is resumed from`() throws {
        let folder = try TemporaryFolder(), files = FileManager.default, output = "\(folder.path)/output"
        #expect(try Program.train(Self.arguments("lora", output: "output"), in: folder.path).status == 0)
        try files.copyItem(atPath: output, toPath: "\(folder.path)/reference")
        for name in try files.contentsOfDirectory(atPath: output)
        where name != "checkpoint-3" && name != "trainer_log.jsonl" {
            try files.removeItem(atPath: "\(output)/\(name)")
        }
        func snapshot() throws -> [String: Data] {
            let names = try files.contentsOfDirectory(atPath: "\(output)/checkpoint-3")
            return try Dictionary(
                uniqueKeysWithValues: names.map {
                    ($0, try Data(contentsOf: URL(fileURLWithPath: "\(output)/checkpoint-3/\($0)")))
                })
        }
        let before = try snapshot()
        // A limit on file size (in blocks of 512 bytes) stands in for a full disk: writes fail with an error alike.
        for blocks in [8, 22, 30] {
            let full = try Program.train(
                Self.arguments("lora", output: "output"), in: folder.path, shell: "trap '' XFSZ; ulimit -f \(blocks);")
            #expect(full.status == 1)
            #expect(full.errors.contains("Error: the checkpoint of step 6 could not be saved"), "\(full.errors)")
            #expect(
                full.errors.contains("Earlier checkpoints are untouched; free space and run again"), "\(full.errors)")
            #expect(try snapshot() == before)
            let left = try files.contentsOfDirectory(atPath: output)
            #expect(
                !left.contains { $0.hasPrefix("tmp-") || $0.hasSuffix(".tmp") } && !left.contains("checkpoint-6"))
        }
        #expect(try Program.train(Self.arguments("lora", output: "output"), in: folder.path).status == 0)
        try expectEqual(output, "\(folder.path)/reference")
    }

    @Test func `a damaged newest checkpoint is named and an older one is used`() throws {
        let folder = try TemporaryFolder(), files = FileManager.default, output = "\(folder.path)/output"
        #expect(try Program.train(Self.arguments("lora", output: "output"), in: folder.path).status == 0)
        try files.copyItem(atPath: output, toPath: "\(folder.path)/reference")
        let steps = CheckpointFolder.steps(in: output)
        #expect(steps == [3, 6, 9, 12, 15, 18, 21, 24])
        let damages: [(String, (String) throws -> Void)] = [
            (
                "optimizer.safetensors",
                { try Data(contentsOf: URL(fileURLWithPath: $0)).prefix(900).write(to: URL(fileURLWithPath: $0)) }
            ),
            ("training_state.json", { try Data("{".utf8).write(to: URL(fileURLWithPath: $0)) }),
            ("trainer_state.json", { try Data("{\"epoch\"".utf8).write(to: URL(fileURLWithPath: $0)) }),
            ("rng_state.safetensors", { try files.removeItem(atPath: $0) }),
            ("adapter_model.safetensors", { try Data().write(to: URL(fileURLWithPath: $0)) }),
        ]
        for ((name, damage), step) in zip(damages, steps.reversed()) {
            try damage("\(output)/checkpoint-\(step)/\(name)")
        }
        let result = try Program.train(Self.arguments("lora", output: "output"), in: folder.path)
        #expect(result.status == 0, "\(result.errors)")
        for ((name, _), step) in zip(damages, steps.reversed()) {
            #expect(result.output.contains("[warning] output/checkpoint-\(step) cannot be resumed from"), "\(name)")
        }
        #expect(result.output.contains("Resuming from output/checkpoint-9."))
        try expectEqual(output, "\(folder.path)/reference")
    }

    @Test func `a checkpoint of another batch size is refused with the setting's name`() throws {
        let output = try TemporaryFolder()
        let settings = RunSettings.lora(output: output.path, ["save_strategy=steps", "save_steps=2"])
        try train(settings)
        let error = #expect(throws: TrainingError.self) { try train(settings + ["per_device_train_batch_size=2"]) }
        #expect(error?.message.contains("was saved with batch_size 1, this run has 2; restore the setting") == true)
    }

    // MARK: what is kept

    @Test func `save_total_limit keeps the newest and the best, save_only_model leaves out the training state`() throws
    {
        let output = try TemporaryFolder()
        var settings = RunSettings.lora(
            output: output.path,
            ["save_strategy=steps", "save_steps=1", "max_steps=7", "save_total_limit=2", "save_only_model=true"])
        try train(settings)
        #expect(CheckpointFolder.steps(in: output.path) == [6, 7])
        let names = Set(try FileManager.default.contentsOfDirectory(atPath: "\(output.path)/checkpoint-7"))
        #expect(
            names.isSuperset(of: [
                "adapter_model.safetensors", "adapter_config.json", "trainer_state.json", "tokenizer.json",
            ]))
        #expect(names.isDisjoint(with: ["optimizer.safetensors", "rng_state.safetensors", "training_state.json"]))
        settings.append("resume_from_checkpoint=true")
        let error = #expect(throws: TrainingError.self) { try train(settings) }
        #expect(error?.message.contains("has no checkpoint to resume from") == true)
    }

    @Test func `the best checkpoint survives rotation and its weights are the run's result`() throws {
        let output = try TemporaryFolder()
        // The loss falls; called best where it is largest, the first evaluation is the best.
        let state = try train(
            RunSettings.lora(
                output: output.path,
                [
                    "save_strategy=steps", "save_steps=2", "eval_strategy=steps", "eval_steps=2", "val_size=0.2",
                    "max_steps=10",
                    "save_total_limit=1", "load_best_model_at_end=true", "metric_for_best_model=eval_loss",
                    "greater_is_better=true",
                ]))
        let losses = state.log_history.compactMap { record in record["eval_loss"].map { (Int(record["step"] ?? 0), $0) }
        }
        let best = try #require(losses.max { $0.1 < $1.1 }), saved = try TrainerState(folder: output.path)
        #expect(best.0 < 10 && saved.bestGlobalStep == best.0 && saved.bestMetric == best.1)
        #expect(saved.bestModelCheckpoint == "\(output.path)/checkpoint-\(best.0)")
        #expect(CheckpointFolder.steps(in: output.path) == [best.0, 10])
        func bytes(_ path: String) -> Data? { FileManager.default.contents(atPath: "\(output.path)/\(path)") }
        #expect(bytes("adapter_model.safetensors") == bytes("checkpoint-\(best.0)/adapter_model.safetensors"))
        #expect(bytes("adapter_model.safetensors") != bytes("checkpoint-10/adapter_model.safetensors"))
    }

    @Test func `evaluation is free of dropout and draws no random numbers`() throws {
        let folder = try TemporaryFolder()
        var losses: [[Double]] = []
        for evaluates in ["steps", "no"] {
            let state = try train(
                RunSettings.lora(
                    output: "\(folder.path)/\(evaluates)",
                    ["lora_dropout=0.5", "val_size=0.2", "eval_strategy=\(evaluates)", "eval_steps=2"]))
            losses.append(state.log_history.compactMap { $0["loss"] })
        }
        #expect(losses[0] == losses[1] && losses[0].count == 6)
    }

    @Test func `early stopping ends a run that gains nothing any more`() throws {
        let output = try TemporaryFolder()
        let config = try RunConfig.load(
            file: nil,
            overrides: RunSettings.lora(
                output: output.path,
                [
                    "save_strategy=steps", "save_steps=1", "eval_strategy=steps", "eval_steps=1", "val_size=0.2",
                    "max_steps=40",
                    "load_best_model_at_end=true", "early_stopping_steps=3", "metric_for_best_model=eval_loss",
                    "greater_is_better=true",
                ]))
        #expect(try TrainingRun(config).start() == .finished)
        let state = try TrainerState(folder: output.path)
        let best = try #require(state.bestGlobalStep)
        #expect(state.globalStep == best + 3 && state.globalStep < 40)
    }

    @Test func `overwrite_output_dir starts anew and removes old checkpoints only`() throws {
        let output = try TemporaryFolder()
        let settings = RunSettings.lora(output: output.path, ["save_strategy=steps", "save_steps=2"])
        try train(settings)
        let first = try Data(contentsOf: URL(fileURLWithPath: "\(output.path)/adapter_model.safetensors"))
        try output.write("mine.txt", "mine")
        try train(settings + ["overwrite_output_dir=true", "max_steps=4"])
        #expect(CheckpointFolder.steps(in: output.path) == [2, 4])
        #expect(FileManager.default.fileExists(atPath: "\(output.path)/mine.txt"))
        #expect(try Data(contentsOf: URL(fileURLWithPath: "\(output.path)/adapter_model.safetensors")) != first)
    }
}
