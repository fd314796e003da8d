public import Prompting

/// Where a sample comes from.
public struct RowOrigin: Sendable, Hashable, CustomStringConvertible {
    /// The data set's name.
    public let dataset: String
    /// The file's path.
    public let file: String
    /// The row in the file, from 1.
    public let row: Int

    /// A row of a file.
    public init(dataset: String, file: String, row: Int) {
        self.dataset = dataset
        self.file = file
        self.row = row
    }

    public var description: String { "data set '\(dataset)', \(file), row \(row)" }
}

/// One sample: a conversation that ends with an answer, and where it comes from.
public struct DataRow: Sendable, Hashable {
    /// The turns, the last of them the answer that is learned.
    public var conversation: Conversation
    /// The file and row.
    public var origin: RowOrigin
    /// What is known about how good the answer is; nil where it is simply to be learned.
    public var preference: RowPreference?

    /// A sample.
    public init(conversation: Conversation, origin: RowOrigin, preference: RowPreference? = nil) {
        self.conversation = conversation
        self.origin = origin
        self.preference = preference
    }
}

/// What became of a row.
public enum ConvertedRow: Sendable, Hashable {
    /// The row can be used.
    case kept(DataRow)
    /// The row cannot be used.
    case dropped(DropReason, RowOrigin)
}

/// Why a row was left out; rows with the same reason are counted together.
public struct DropReason: Sendable, Hashable, CustomStringConvertible {
    /// What is wrong and what to do, without what is the row's own.
    public let description: String
    /// What is the row's own, such as the path of its missing file.
    public let detail: String?
    /// Whether it is a mistake in the data that the user has to mend (a role nobody knows) rather than a row that a run
    /// may do without: training then refuses to start.
    public let isMistake: Bool

    /// A reason; equal descriptions are one reason.
    public init(_ description: String, detail: String? = nil, isMistake: Bool = false) {
        self.description = description
        self.detail = detail
        self.isMistake = isMistake
    }

    /// What is wrong with the one row.
    public var text: String { detail.map { "\($0): \(description)" } ?? description }
}
