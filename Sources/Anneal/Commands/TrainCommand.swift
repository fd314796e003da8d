import ArgumentParser
import Foundation
import Reinforcement
import RunConfig
import Training

struct TrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train", abstract: "Trains as a YAML or JSON file says.",
        discussion:
            "anneal train FILE.yaml [key=value …] [--dry-run], or all settings as flags: anneal train --stage sft --do_train true …"
    )

    @Argument(parsing: .allUnrecognized, help: "FILE.yaml with key=value overrides, or --key value flags.")
    var arguments: [String] = []

    @Flag(name: .customLong("dry-run"), help: "Show the plan (parameters, steps, memory) without weights or training.")
    var isDryRun = false

    func run() throws {
        let config = try HubAccess.resolved(try RunConfig.load(arguments: arguments, purpose: .training))
        if isDryRun {
            for line in try DryRun.lines(config) { print(line) }
            return
        }
        StopRequest.listen()
        _ = try TrainingRun(config, tools: .standard).start()
    }
}
