import ArgumentParser
import Datasets
import Foundation
import RunConfig
import Training

struct DataPreviewCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "preview",
        abstract: "Shows rows of a run as the model sees them, the trained tokens in colour (or in [[ ]]).",
        discussion: """
            anneal data preview FILE.yaml [key=value …] [--rows 5] [--row 12] [--ids] [--html page.html]
            """)

    @Argument(parsing: .allUnrecognized, help: "FILE.yaml with key=value overrides, or --key value flags.")
    var arguments: [String] = []

    @Option(help: "Rows of each data set, from its beginning.")
    var rows = 3

    @Option(help: "One row instead, by its number in the file, from 1.")
    var row: Int?

    @Flag(help: "Also show the token ids.")
    var ids = false

    @Option(help: "Write a self-contained page instead of text.")
    var html: String?

    func validate() throws {
        if rows < 1 { throw ValidationError("--rows \(rows): show at least one row") }
        if let row, row < 1 { throw ValidationError("--row \(row): rows are counted from 1") }
    }

    func run() throws {
        let config = try HubAccess.resolved(try RunConfig.load(arguments: arguments, purpose: .data))
        let preview = try DataPreview(config, numRows: rows, row: row)
        if let html { return try preview.page.write(to: html) }
        print(preview.text(hasColor: Self.hasColor, showsIDs: ids), terminator: "")
    }

    /// Whether standard output is a terminal that shows colours and nobody asked for none (no-color.org).
    private static var hasColor: Bool {
        let environment = ProcessInfo.processInfo.environment
        return isatty(1) == 1 && environment["TERM"] != "dumb" && environment["NO_COLOR", default: ""].isEmpty
    }
}
