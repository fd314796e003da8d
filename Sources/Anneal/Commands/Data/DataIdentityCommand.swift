public import ArgumentParser
public import DataTools
import Datasets

struct DataIdentityCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "identity",
        abstract: "Fills {{name}} and {{author}} of identity data.",
        discussion: """
            anneal data identity data/identity.json --name Anna --author "the Anneal team" --output data/myidentity.json --register
            """)

    @Argument(help: "LLaMA-Factory's identity.json, or a file like it.")
    var input: String

    @Option(help: "The model's name.")
    var name: String

    @Option(help: "Who made it.")
    var author: String

    @Option(help: "Only rows of this language: zh or en.")
    var language: IdentityData.Language?

    @Option(help: "The file to write.")
    var output: String

    @Flag(help: "Also make an entry in the dataset_info.json beside the output, named like the file.")
    var register = false

    func run() throws {
        let records = try RecordFile.read(path: input)
        let rows = try IdentityData.filled(records, name: name, author: author, language: language)
        try RowFile.write(rows, to: output)
        print("\(DataReport.rows(rows.count)) written to \(output)")
        if register { try DataOutput.register(output, entry: []) }
    }
}

extension IdentityData.Language: ExpressibleByArgument {}
