import Foundation
import Parallelism
import TestSupport
import Testing
import Torch

@testable import Training

/// Several processes on the CPU, started as a user starts them, against LLaMA-Factory's runs of as many processes
/// (Fixtures/distributed, Tools/fixtures/distributed_traces.py). Logged numbers must agree to 1e-4; they do to about 1e-6.
struct DistributedTests {
    static let folder = "\(Place.fixtures)/distributed"
    static let cases = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()

    private struct Trace: Decodable {
        let log_history: [[String: Double]]
        let total_flos: Double?
    }

    @Test func `all traces are compared`() { #expect(Self.cases.count == 11) }

    @Test(arguments: cases)
    func `processes log together what LLaMA-Factory's do`(_ name: String) throws {
        let path = "\(Self.folder)/\(name)", temporary = try TemporaryFolder()
        let trace = try read(Trace.self, "\(path)/trace.json")
        let model = name.hasPrefix("vision") ? "qwen2.5-vl" : "qwen2"
        let isPreference = ["dpo", "kto", "rm"].contains { name.hasPrefix($0) }
        var places = RunSettings.places(model: model, output: "output", adapter: !name.hasPrefix("full"))
        if isPreference { places += ["dataset_dir=\(Place.fixtures)/preference", "max_leaked_share=1"] }
        if name.hasPrefix("rm") { places += try PreferenceTraceTests.rewardModel(model, in: temporary) }
        let size = try #require(name.split(separator: "-").last.flatMap { Int($0) })
        let run = try Program.train(
            ["\(path)/train.yaml"] + places, in: temporary.path, shell: "export NPROC_PER_NODE=\(size);")
        try #require(run.status == 0, "\(run.errors)")
        let ours = try read(Trace.self, "\(temporary.path)/output/trainer_state.json")
        #expect(ours.log_history.map { $0["step"] } == trace.log_history.map { $0["step"] })
        var compared = 0
        for (own, expected) in zip(ours.log_history, trace.log_history) {
            for (key, value) in expected where Self.isComparable(key, name) {
                // Rewards are small differences of large log-probabilities.
                let least = key.contains("rewards/") ? 0.05 : 1e-12
                let difference = own[key].map { abs($0 - value) / max(abs(value), least) }
                #expect(difference ?? .infinity <= 1e-4, "\(key) \(own[key] ?? .nan), expected \(value)")
                compared += 1
            }
        }
        #expect(compared >= 3 * trace.log_history.count)
    }

    private static func isComparable(_ key: String, _ name: String) -> Bool {
        // Upstream's logits count padding; KTO's means are mixed up there.
        if key.contains("/") { return !key.contains("logits") && !name.hasPrefix("kto") }
        return [
            "loss", "eval_loss", "train_loss", "grad_norm", "learning_rate", "epoch", "eval_accuracy",
            "num_input_tokens_seen",
        ]
        .contains(key)
    }

    /// Shuffling, dropout, evaluation and checkpoints, in two processes.
    private static func arguments(_ output: String) -> [String] {
        ResumeTests.arguments("lora", output: output) + ["num_train_epochs=12"]
    }
    private static let two = "export NPROC_PER_NODE=2;"

    /// The process of a rank that a launcher has started.
    private func process(rank: Int, of launcher: pid_t) -> pid_t? {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { pid_t($0) }.first { process in
            let environment = FileManager.default.contents(atPath: "/proc/\(process)/environ") ?? Data()
            let variables = environment.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
            return variables.contains("RANK=\(rank)") && variables.contains("ANNEAL_LAUNCHER=\(launcher)")
        }
    }

    @Test func `a killed process ends the others by name, and the run goes on from its checkpoint with the same bits`()
        throws
    {
        let folder = try TemporaryFolder()
        #expect(try Program.train(Self.arguments("reference"), in: folder.path, shell: Self.two).status == 0)
        let killed = try Program.train(Self.arguments("killed"), in: folder.path, shell: Self.two) { launcher in
            while !CheckpointFolder.steps(in: "\(folder.path)/killed").contains(3), kill(launcher, 0) == 0 {
                usleep(2000)
            }
            if let process = process(rank: 1, of: launcher) { kill(process, SIGKILL) }
        }
        #expect(killed.status == 128 + SIGKILL)
        #expect(killed.errors.contains("Error: rank 0: rank 1 is gone"), "\(killed.errors)")
        #expect(killed.errors.contains("was killed by signal 9; the run has ended"), "\(killed.errors)")
        let alone = try Program.train(Self.arguments("killed"), in: folder.path)
        #expect(alone.status == 1 && alone.errors.contains("was saved with processes 2, this run has 1"))
        let resumed = try Program.train(Self.arguments("killed"), in: folder.path, shell: Self.two)
        #expect(resumed.status == 0 && resumed.output.contains("Resuming from killed/checkpoint-"), "\(resumed.errors)")
        let ours = try ResumeTests.Result("\(folder.path)/killed", processes: 2)
        let reference = try ResumeTests.Result("\(folder.path)/reference", processes: 2)
        #expect(ours == reference)
    }

    @Test func `a signal to the launcher saves and ends with status 0`() throws {
        let folder = try TemporaryFolder()
        let arguments = Self.arguments("output") + ["num_train_epochs=400", "eval_steps=1000"]
        let stopped = try Program.train(arguments, in: folder.path, shell: Self.two) { launcher in
            while !CheckpointFolder.steps(in: "\(folder.path)/output").contains(3), kill(launcher, 0) == 0 {
                usleep(2000)
            }
            kill(launcher, SIGTERM)
        }
        #expect(stopped.status == 0, "\(stopped.errors)")
        let last = try #require(CheckpointFolder.steps(in: "\(folder.path)/output").last)
        // Once: the other process is silent.
        #expect(stopped.output.components(separatedBy: "Stopped at step \(last);").count == 2)
        let names = try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/output/checkpoint-\(last)")
        #expect(Set(names).isSuperset(of: ["rng_state_0.safetensors", "rng_state_1.safetensors"]))
    }

    @Test func `processes of torchrun need no launcher, and name what one of them refuses`() throws {
        let folder = try TemporaryFolder()
        let plan = try #require(try LaunchPlan(environment: ["NPROC_PER_NODE": "2"], numDevices: { 0 }))
        let shell = plan.places.map { place in
            let variables = place.environment.map { "\($0)=\($1)" }.sorted().joined(separator: " ")
            return place.rank == 0 ? "export \(variables);" : "\(variables) \"$0\" \"$@\" &"
        }.reversed().joined(separator: " ")
        let run = try Program.train(RunSettings.lora(output: "output"), in: folder.path, shell: shell)
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.output.contains("Total train batch size (w. parallel, distributed & accumulation) = 4"))
        let refused = try Program.train(
            RunSettings.lora(output: "other", ["streaming=true"]), in: folder.path, shell: shell)
        #expect(refused.status == 1)
        #expect(
            refused.errors.contains("Error: rank 0: streaming: true is not shared among processes yet"),
            "\(refused.errors)")
    }

    @Test func `LLaMA-Factory's variables say which processes a machine starts`() throws {
        func plan(_ environment: [String: String], devices: Int = 0) throws -> [ProcessPlace]? {
            try LaunchPlan(environment: environment, numDevices: { devices })?.places
        }
        #expect(try plan([:]) == nil)
        #expect(try plan([:], devices: 1) == nil)
        #expect(try plan(["NPROC_PER_NODE": "1"], devices: 4) == nil)
        #expect(try plan([:], devices: 3)?.map(\.rank) == [0, 1, 2])
        let second = try plan([
            "FORCE_TORCHRUN": "1", "NNODES": "2", "NODE_RANK": "1", "NPROC_PER_NODE": "2", "MASTER_ADDR": "10.0.0.1",
            "MASTER_PORT": "2000",
        ])
        #expect(
            second
                == [
                    ProcessPlace(rank: 2, size: 4, localRank: 0, localSize: 2, address: "10.0.0.1", port: 2000),
                    ProcessPlace(rank: 3, size: 4, localRank: 1, localSize: 2, address: "10.0.0.1", port: 2000),
                ])
        #expect(try ProcessPlace(environment: second?[1].environment ?? [:]) == second?[1])
        #expect(try ProcessPlace(environment: ["MASTER_PORT": "1"]) == nil)
        for (environment, text) in [
            (["NPROC_PER_NODE": "two"], "NPROC_PER_NODE=two is not a number from 1 on"),
            (["NNODES": "2"], "NNODES=2 needs MASTER_ADDR"),
            (["NNODES": "2", "NODE_RANK": "2"], "NODE_RANK=2 is not below NNODES=2"),
            (["NPROC_PER_NODE": "2", "RDZV_ID": "a"], "use torchrun"),
        ] {
            let error = #expect(throws: DistributedError.self) { try plan(environment) }
            #expect(error?.description.contains(text) == true, "\(error?.description ?? "")")
        }
        for (environment, text) in [
            (["RANK": "0"], "WORLD_SIZE is not set"),
            (["RANK": "2", "WORLD_SIZE": "2", "LOCAL_RANK": "0"], "do not fit together"),
        ] {
            let error = #expect(throws: DistributedError.self) { try ProcessPlace(environment: environment) }
            #expect(error?.description.contains(text) == true, "\(error?.description ?? "")")
        }
    }
}
