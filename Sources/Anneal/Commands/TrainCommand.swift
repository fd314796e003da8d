import ArgumentParser
import Foundation
import Reinforcement
import RunConfig
import Torch
import Training

struct TrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train", abstract: "Trains as a YAML or JSON file says.",
        discussion:
            "anneal train FILE.yaml [key=value …] [--dry-run] [--profile], or all settings as flags: anneal train --stage sft --do_train true …"
    )

    @Argument(parsing: .allUnrecognized, help: "FILE.yaml with key=value overrides, or --key value flags.")
    var arguments: [String] = []

    @Flag(name: .customLong("dry-run"), help: "Show the plan (parameters, steps, memory) without weights or training.")
    var isDryRun = false

    @Flag(name: .customLong("profile"), help: "Show where the steps' time and memory went; writes profile_trace.json.")
    var isProfiled = false

    /// LLaMA-Factory's ALLOW_EXTRA_ARGS: keys that nothing knows become notes.
    private static var allowsUnknownKeys: Bool {
        ["true", "y", "1"].contains(ProcessInfo.processInfo.environment["ALLOW_EXTRA_ARGS"]?.lowercased() ?? "0")
    }

    func run() throws {
        var arguments = arguments
        if isProfiled {
            arguments += arguments.first?.hasPrefix("--") ?? true ? ["--profile", "true"] : ["profile=true"]
        }
        let config = try RunConfig.load(
            arguments: arguments, purpose: .training, allowsUnknownKeys: Self.allowsUnknownKeys)
        if isDryRun {
            for line in try DryRun.lines(HubAccess.resolved(config)) { print(line) }
            return
        }
        try Distribution(config).run { group in
            let config = try group.firstBeforeOthers { try HubAccess.resolved(config) }
            StopRequest.listen()
            _ = try TrainingRun(config, tools: .standard, group: group).start()
        }
    }
}
