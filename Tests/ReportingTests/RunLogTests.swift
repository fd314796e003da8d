import Basics
import Foundation
import JSON
import TestSupport
import Testing

@testable import Reporting

@Suite struct RunLogTests {
    @Test func `A trainer_state.json of transformers is written back byte for byte`() throws {
        let state = try TrainerState(json: fixture("run_trainer_state.json"), path: "trainer_state.json")
        #expect(state.globalStep == 8 && state.logHistory.count == 13)
        #expect(state.bestModelCheckpoint == "saves/reference-run/checkpoint-8")
        #expect(state.json == (try fixtureText("run_trainer_state.json")))
    }

    @Test func `A state survives the disk with NaN and every bit of its doubles`() throws {
        try TemporaryFolder.with { folder in
            var state = TrainerState()
            state.globalStep = 7
            state.epoch = 1 / 3
            state.totalFlos = 3.407153e18
            state.bestMetric = 0.1 + 0.2
            state.bestGlobalStep = 5
            state.setControl(shouldSave: true, shouldTrainingStop: false)
            state.setEarlyStopping(patience: 3, threshold: 1e-05, counter: 2)
            state.log([
                "loss": .double(.nan), "grad_norm": .double(.infinity), "learning_rate": 8.5355e-05, "epoch": 0.1,
            ])
            try state.write(to: folder)
            let read = try TrainerState(folder: folder)
            #expect(read.json == state.json)
            #expect(read.logHistory[0]["loss"] == .double(.nan) && read.logHistory[0]["step"] == 7)
            #expect(read.bestMetric?.bitPattern == (0.1 + 0.2).bitPattern)
            #expect(read.earlyStoppingCounter == 2)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["trainer_state.json"])
        }
    }

    @Test func `A damaged or missing state is a clear error`() throws {
        let cases = [
            ("[1]", "holds no JSON object"), ("{\"global_step\": \"x\"}", "'global_step' should be a whole number"),
            ("{\"log_history\": [1]}", "'log_history'"), ("{\"epoch\": 1", "line 1"),
        ]
        for (text, message) in cases {
            let error = #expect(throws: FileError.self) {
                try TrainerState(json: Array(text.utf8), path: "trainer_state.json")
            }
            #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
        }
        let error = #expect(throws: FileError.self) { try TrainerState(folder: "/nonexistent") }
        #expect(
            error?.description
                == "/nonexistent/trainer_state.json: is missing. Resume from a complete checkpoint folder.")
    }

    @Test func `trainer_log.jsonl equals LLaMA-Factory's line by line`() throws {
        let history = try TrainerState(json: fixture("run_trainer_state.json"), path: "-").logHistory
        let expected = try fixtureText("run_trainer_log.jsonl").split(separator: "\n")
        try TemporaryFolder.with { folder in
            let log = try TrainerLog(folder: folder, totalSteps: 8)
            for (index, record) in history.enumerated() {
                // The wall clock of the reference's run is known only through what it wrote.
                let line = try JSONValue(json: Array(expected[index].utf8), path: "-").record
                let tokens = try #require(line["total_tokens"]?.integer)
                let seconds = Double(tokens) / (try #require(line.number("throughput")))
                try log.append(
                    record, step: try #require(record["step"]?.integer), elapsedSeconds: seconds, numTokens: tokens)
            }
            #expect(try text(of: folder + "/trainer_log.jsonl") == fixtureText("run_trainer_log.jsonl"))
        }
    }

    @Test func `A resumed log is cut back and its times count this process only`() throws {
        try TemporaryFolder.with { folder in
            let first = try TrainerLog(folder: folder, totalSteps: 4)
            for step in 1...4 { try first.append(["loss": 1], step: step, elapsedSeconds: Double(step)) }
            try first.append(["train_loss": 1], step: 4, elapsedSeconds: 5)
            let path = folder + "/trainer_log.jsonl"
            try AtomicFile.write(try text(of: path) + "{\"current_steps\": 3, \"los", to: path)
            let second = try TrainerLog(folder: folder, totalSteps: 10, resumeStep: 2)
            let line = try second.append(["loss": 0.5], step: 4, elapsedSeconds: 20)
            #expect(line["remaining_time"] == "0:01:00" && line["elapsed_time"] == "0:00:20")
            let lines = try text(of: path).split(separator: "\n")
            #expect(lines.count == 3)
            #expect(lines[2].hasPrefix(#"{"current_steps": 4, "total_steps": 10, "loss": 0.5, "percentage": 40.0"#))
            // A new run begins with an empty file.
            _ = try TrainerLog(folder: folder, totalSteps: 10)
            #expect(try text(of: path).isEmpty)
        }
    }

    @Test func `Memory and rewards have LLaMA-Factory's names, nulls are dropped`() throws {
        try TemporaryFolder.with { folder in
            let log = try TrainerLog(folder: folder, totalSteps: 0)
            let line = try log.append(
                ["rewards/accuracies": 0.5, "loss": .null], step: 0, elapsedSeconds: 0,
                peakMemory: TrainerLog.PeakMemory(allocatedBytes: 3 << 29, reservedBytes: 2 << 30))
            #expect(
                line.object.json()
                    == #"{"current_steps": 0, "total_steps": 0, "accuracy": 0.5, "percentage": 100, "#
                    + #""elapsed_time": "0:00:00", "remaining_time": "0:00:00", "vram_allocated": 1.5, "vram_reserved": 2.0}"#
            )
        }
    }

    @Test func `A line ends with the curves of the stage, those with a name of LLaMA-Factory's under it alone`() throws
    {
        try TemporaryFolder.with { folder in
            let log = try TrainerLog(folder: folder, totalSteps: 2)
            let record: LogRecord = [
                "loss": 0.5, "grad_norm": 2, "rewards/accuracies": 0.75, "rewards/margins": 1.5, "kl": 0.25,
            ]
            let line = try log.append(
                record, curves: ["rewards/accuracies", "rewards/margins", "kl"], step: 1, elapsedSeconds: 0)
            #expect(line.keys.prefix(4) == ["current_steps", "total_steps", "loss", "accuracy"])
            #expect(line.keys.suffix(2) == ["rewards/margins", "kl"] && line.number("kl") == 0.25)
            #expect(line["grad_norm"] == nil && line["rewards/accuracies"] == nil)
        }
    }

    @Test func `Result files equal transformers' and merge`() throws {
        try TemporaryFolder.with { folder in
            let train = try fixtureJSON("run_train_results.json").record
            let eval = try fixtureJSON("run_eval_results.json").record
            try RunResults.write(train, split: "train", folder: folder)
            try RunResults.write(eval, split: "eval", folder: folder)
            for name in ["train_results.json", "eval_results.json", "all_results.json"] {
                #expect(try text(of: "\(folder)/\(name)") == fixtureText("run_" + name))
            }
        }
    }

    @Test func `Speeds are rounded as transformers rounds them`() {
        #expect(
            RunResults.speed(split: "train", runtimeSeconds: 7715.51234, numSamples: 2655 * 30, numSteps: 1230) == [
                "train_runtime": 7715.5123, "train_samples_per_second": 10.323, "train_steps_per_second": 0.159,
            ])
        #expect(RunResults.speed(split: "eval", runtimeSeconds: 0, numSamples: 3) == ["eval_runtime": 0.0])
    }

    @Test func `Metric blocks equal what transformers prints`() throws {
        let cases = try fixtureJSON("console.json").items
        #expect(cases.count == 3)
        for one in cases {
            let lines = ConsoleText.metricsBlock(
                split: one.record["split"]?.text ?? "", one.record["metrics"]?.record ?? [:])
            #expect(lines == one.record["lines"]?.items.compactMap(\.text))
        }
    }

    @Test func `The head of a training and its log lines are transformers'`() {
        let head = ConsoleText.TrainingHead(
            numExamples: 2655, numEpochs: 30, batchSizePerDevice: 1, totalBatchSize: 64, gradientAccumulationSteps: 8,
            totalSteps: 1230, numTrainableParameters: 20_185_088)
        #expect(
            head.lines == [
                "***** Running training *****", "  Num examples = 2,655", "  Num Epochs = 30",
                "  Instantaneous batch size per device = 1",
                "  Total train batch size (w. parallel, distributed & accumulation) = 64",
                "  Gradient Accumulation steps = 8", "  Total optimization steps = 1,230",
                "  Number of trainable parameters = 20,185,088",
            ])
        let record: LogRecord = [
            "loss": 11.90104866027832, "grad_norm": .double(.nan), "learning_rate": 4.9515566048790485e-05,
            "epoch": 2.0,
            "num_input_tokens_seen": 3968, "total_flos": 1e12, "step": 8,
        ]
        #expect(
            ConsoleText.logLine(record)
                == "{'loss': '11.9', 'grad_norm': 'nan', 'learning_rate': '4.952e-05', 'epoch': '2', "
                + "'num_input_tokens_seen': 3968}")
    }
}
