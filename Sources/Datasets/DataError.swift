/// Data that cannot be used: where, why and what to do.
public struct DataError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What is wrong and what to do about it.
    public let message: String
    /// The data set's name.
    public var dataset: String?
    /// The file's path.
    public let file: String?
    /// The line in the file, from 1.
    public let line: Int?
    /// The row in the file, from 1.
    public let row: Int?

    public init(_ message: String, dataset: String? = nil, file: String? = nil, line: Int? = nil, row: Int? = nil) {
        self.message = message
        self.dataset = dataset
        self.file = file
        self.line = line
        self.row = row
    }

    /// "data set 'pets', data/pets.json, line 12, row 3: …"
    public var description: String {
        let place = [
            dataset.map { "data set '\($0)'" }, file, line.map { "line \($0)" }, row.map { "row \($0)" },
        ].compactMap(\.self)
        return place.isEmpty ? message : place.joined(separator: ", ") + ": " + message
    }

    /// The same error with the data set's name.
    func named(_ dataset: String) -> DataError {
        var copy = self
        copy.dataset = dataset
        return copy
    }
}
