import ArgumentParser
import DataTools
import Datasets

struct DataSampleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sample",
        abstract: "Draws rows of a data file at random.",
        discussion: """
            anneal data sample data/big.jsonl --size 500 --output data/small.jsonl [--stratify answer]
            """)

    @Argument(help: "The data file: .json, .jsonl, .csv or .txt.")
    var input: String

    @Option(help: "A number of rows, or a share such as 0.1.")
    var size: RowSplit.Size

    @Option(help: "The file to write.")
    var output: String

    @Option(help: "Seed of the draw.")
    var seed = 42

    @Option(help: "Keep the shares of this column's values; `answer` is the last message or the output.")
    var stratify: String?

    func run() throws {
        let records = try RecordFile.read(path: input)
        try DataOutput.write(
            try RowSplit.sample(records, size, seed: seed, stratify: stratify), of: records, to: output)
    }
}
