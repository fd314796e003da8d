public import Prompting

/// Where a sample comes from.
public struct RowOrigin: Sendable, Hashable, CustomStringConvertible {
    /// The data set's name.
    public let dataset: String
    /// The file's path.
    public let file: String
    /// The row in the file, from 1.
    public let row: Int

    public init(dataset: String, file: String, row: Int) {
        self.dataset = dataset
        self.file = file
        self.row = row
    }

    public var description: String { "data set '\(dataset)', \(file), row \(row)" }
}

/// One sample: a conversation that ends with an answer, and where it comes from.
public struct DataRow: Sendable, Hashable {
    public var conversation: Conversation
    public var origin: RowOrigin

    public init(conversation: Conversation, origin: RowOrigin) {
        self.conversation = conversation
        self.origin = origin
    }
}

/// What became of a row.
public enum ConvertedRow: Sendable, Hashable {
    case kept(DataRow)
    /// The row cannot be used.
    case dropped(DropReason, RowOrigin)
}

/// Why a row was left out; rows with the same reason are counted together.
public struct DropReason: Sendable, Hashable, CustomStringConvertible {
    /// What is wrong and what to do, without the row's own details.
    public let description: String

    public init(_ description: String) { self.description = description }
}
