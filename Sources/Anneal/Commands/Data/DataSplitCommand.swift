import ArgumentParser
import DataTools
import Datasets
import Foundation

struct DataSplitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "split",
        abstract: "Splits a data file into rows to train, evaluate and test on.",
        discussion: """
            anneal data split data/pets.json --eval 0.1
            anneal data split scans.jsonl --eval 200 --test 200 --stratify answer --group patient

            Writes pets-train.json, pets-eval.json (and pets-test.json) beside the file. The same seed gives the same split.
            """)

    @Argument(help: "The data file: .json, .jsonl or .csv.")
    var input: String

    @Option(help: "Rows to evaluate on: a share such as 0.1, or a number of rows.")
    var eval: RowSplit.Size = .share(0.1)

    @Option(help: "Rows to test on: a share or a number of rows.")
    var test: RowSplit.Size?

    @Option(help: "Seed of the split.")
    var seed = 42

    @Option(help: "Keep the shares of this column's values in all parts; `answer` is the last message or the output.")
    var stratify: String?

    @Option(help: "Keep rows together that have the same value in this column: one patient, one document.")
    var group: String?

    @Option(help: "The folder to write to; the file's own when not given.")
    var outputDir: String?

    func run() throws {
        let records = try RecordFile.read(path: input)
        var options = RowSplit.Options()
        options.evaluation = eval
        options.test = test
        options.seed = seed
        options.stratify = stratify
        options.group = group
        let split = try RowSplit(records, options)
        let url = URL(fileURLWithPath: input)
        let folder = outputDir.map { URL(fileURLWithPath: $0) } ?? url.deletingLastPathComponent()
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let stem = url.deletingPathExtension().lastPathComponent
        let ending = RowFile.endings.contains(url.pathExtension.lowercased()) ? url.pathExtension : "jsonl"
        for (part, rows) in [("train", split.train), ("eval", split.evaluation), ("test", split.test)]
        where !rows.isEmpty {
            try DataOutput.write(rows, of: records, to: folder.appendingPathComponent("\(stem)-\(part).\(ending)").path)
        }
    }
}
