public import ArgumentParser
public import DataTools
import Datasets
import Foundation
import JSON

/// What the commands that write data files have in common.
enum DataOutput {
    /// Makes an entry for a file, named like it, and says so.
    static func register(_ file: String, entry: [JSONMember]) throws {
        let name = URL(fileURLWithPath: file).deletingPathExtension().lastPathComponent
        let path = try DatasetRegistration.add(name, file: file, entry: entry)
        print("data set '\(name)' is in \(path)")
    }

    /// Writes some rows of a file.
    static func write(_ rows: [Int], of records: [Record], to path: String) throws {
        try RowFile.write(rows.map { records[$0].members }, to: path)
        print("\(DataReport.rows(rows.count)) written to \(path)")
    }
}

extension RowSplit.Size: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}
