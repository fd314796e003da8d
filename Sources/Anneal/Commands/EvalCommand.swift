import ArgumentParser
import Foundation
import Inference
import RunConfig

struct EvalCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "eval", abstract: "Answers a multiple-choice benchmark: MMLU, C-Eval, CMMLU.",
        discussion: """
            anneal eval X.yaml [key=value …]
            anneal eval MODEL_OR_ADAPTER_DIR task=mmlu_test task_dir=evaluation [key=value …]

            Reads LLaMA-Factory's layout: task_dir/mmlu/mapping.json and a CSV file a subject in the folders dev, val and \
            test (unzip the archives). Settings: n_shot, lang (en, zh), batch_size, seed, template (fewshot for base models), \
            save_dir for results.json and results.log.
            """)

    @Argument(parsing: .allUnrecognized, help: "FILE.yaml or a folder, then key=value overrides or --key value flags.")
    var arguments: [String] = []

    func run() throws {
        let config = try HubAccess.resolved(
            try RunConfig.load(modelArguments: try HubAccess.resolved(arguments: arguments), purpose: .evaluation))
        _ = try BenchmarkRun(config).start()
    }
}
