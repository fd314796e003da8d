/// A data set of a stream, whose number of rows need not be known.
protocol StreamSource: Sendable {
    /// The data set's name.
    var name: String { get }
    /// What the user should see.
    var warnings: [String] { get }
    /// Whether there is such a row (from 0); the files are gone through as far as that.
    func hasRow(_ row: Int) throws(DataError) -> Bool
    /// A row, read and converted.
    func row(_ row: Int) throws(DataError) -> ConvertedRow
    /// These rows as a data set of their own.
    func loaded(_ rows: [Int]) throws(DataError) -> LoadedDataset
}

extension LoadedDataset: StreamSource {
    func hasRow(_ row: Int) -> Bool { row < count }
    func loaded(_ rows: [Int]) -> LoadedDataset { selecting(rows, name: name) }
}
