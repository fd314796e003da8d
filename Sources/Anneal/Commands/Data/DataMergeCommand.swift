import ArgumentParser
import DataTools
import Datasets

struct DataMergeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "merge",
        abstract: "Joins data files of one form.",
        discussion: """
            anneal data merge a.json b.jsonl --output all.jsonl [--deduplicate] [--shuffle --seed 42]
            """)

    @Argument(help: "The data files, of one form; .json, .jsonl and .csv may be mixed.")
    var inputs: [String]

    @Option(help: "The file to write.")
    var output: String

    @Flag(help: "Leave out rows that equal an earlier one.")
    var deduplicate = false

    @Flag(help: "Shuffle all rows.")
    var shuffle = false

    @Option(help: "Seed of --shuffle.")
    var seed = 42

    func run() throws {
        let files = try inputs.map { try RecordFile.read(path: $0) }
        let (rows, numDuplicates) = try RowMerge.merged(
            files, removesDuplicates: deduplicate, shuffleSeed: shuffle ? seed : nil)
        try RowFile.write(rows, to: output)
        let note = deduplicate ? ", \(numDuplicates) duplicates left out" : ""
        print("\(DataReport.rows(rows.count)) written to \(output)\(note)")
    }
}
