import ArgumentParser
import Datasets
import Foundation
import RunConfig
import Training

struct DataCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data", abstract: "Looks at the data of a run, and prepares data files.",
        subcommands: [
            DataCheckCommand.self, DataPreviewCommand.self, DataImagesCommand.self, DataIdentityCommand.self,
            DataSplitCommand.self, DataSampleCommand.self, DataMergeCommand.self, DataConvertCommand.self,
            DataAugmentCommand.self, DataPreferencesCommand.self,
        ])
}

struct DataCheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Reads and tokenises all data of a run and says what becomes of every row.",
        discussion: """
            anneal data check FILE.yaml [key=value …]

            Exit status 1 when training would refuse to start: a data set cannot be read, has rows that must be mended, or more is \
            lost than max_dropped_share, max_unlabeled_share, max_truncated_share or max_leaked_share allow.
            """)

    @Argument(parsing: .allUnrecognized, help: "FILE.yaml with key=value overrides, or --key value flags.")
    var arguments: [String] = []

    @Option(help: "Also write the findings as one self-contained page.")
    var html: String?

    func run() throws {
        let check = try DataCheck(try HubAccess.resolved(try RunConfig.load(arguments: arguments, purpose: .data)))
        for line in check.lines { print(line) }
        if let html {
            try DataCheckPage(
                settings: check.settings, datasets: check.datasets, leakage: check.leakage, refusals: check.refusals
            ).write(to: html)
        }
        if check.isLossy { throw ExitCode(1) }
    }
}
