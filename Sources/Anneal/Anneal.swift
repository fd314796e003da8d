import ArgumentParser
import Basics
import Foundation
import Reporting
import RunConfig

/// The command line: `anneal train|chat|export|…`. Each command is a file of `Commands/`.
@main
struct AnnealCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "anneal",
        abstract: "Fine-tunes, evaluates, merges and serves language and vision-language models.",
        discussion: """
            Commands take LLaMA-Factory's YAML or JSON files with key=value overrides:
              anneal train my.yaml learning_rate=2e-4
            """,
        version: Program.version,
        subcommands: [
            TrainCommand.self, ChatCommand.self, APICommand.self, BenchmarkCommand.self, PredictCommand.self,
            MetricsCommand.self, EvalCommand.self,
            ExportCommand.self,
            DemoCommand.self,
            TokenizeCommand.self, DataCommand.self, TemplateCommand.self,
            DownloadCommand.self, EnvironmentCommand.self, VersionCommand.self,
        ])

    /// Runs the command; an error is one message on standard error and exit status 1, never a trap.
    static func main() {
        bufferLines()
        HubAccess.install()
        do {
            try refuseUnknownCommand(CommandLine.arguments.dropFirst().first)
            if Array(CommandLine.arguments.dropFirst()) == ["help", "settings"] {
                return print(RunConfig.documentation)
            }
            var command = try parseAsRoot()
            try command.run()
        } catch {
            // ArgumentParser words its own errors (and its help); everything else describes itself.
            if String(reflecting: type(of: error)).hasPrefix("ArgumentParser.") { exit(withError: error) }
            FileHandle.standardError.write(Data("Error: \(error)\n".utf8))
            Foundation.exit(1)
        }
    }

    /// A mistyped command is named with the nearest one; ArgumentParser would call it an unexpected argument.
    private static func refuseUnknownCommand(_ name: String?) throws {
        let names = configuration.subcommands.map { $0._commandName } + ["help"]
        guard let name, !name.hasPrefix("-"), !names.contains(name) else { return }
        let suggestion = NearestName.nearest(to: name, among: names).map { "Did you mean \($0)? " } ?? ""
        throw ValidationError(
            "Unknown command: \(name). \(suggestion)Commands: \(names.sorted().joined(separator: ", ")).")
    }

    /// Makes standard output line-buffered: a run is watched through a pipe or a log file as often as in a terminal.
    /// Looked up by name because C's `stdout` is a mutable global that Swift 6 does not let one name.
    private static func bufferLines() {
        guard let symbol = dlsym(nil, "stdout") else { return }
        setvbuf(symbol.assumingMemoryBound(to: UnsafeMutablePointer<FILE>.self).pointee, nil, _IOLBF, 0)
    }
}
