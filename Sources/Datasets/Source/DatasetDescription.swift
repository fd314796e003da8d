/// Where a data set lies and how its rows are to be read: an entry of dataset_info.json, or what was found in a file.
public struct DatasetDescription: Sendable, Hashable {
    /// How a row holds its conversation.
    public enum Formatting: String, Sendable, Hashable, CaseIterable {
        /// Columns for instruction, input, output and history.
        case alpaca
        /// A column with a list of messages.
        case sharegpt
    }

    /// Names of columns; nil where the data have none.
    public struct Columns: Sendable, Hashable {
        public var prompt: String? = "instruction"
        public var query: String? = "input"
        public var response: String? = "output"
        public var history: String?
        public var messages: String? = "conversations"
        public var system: String?
        public var tools: String?
        public var images: String?
        public var videos: String?
        public var audios: String?

        public init() {}

        /// No columns at all.
        static var none: Columns {
            var columns = Columns()
            columns.prompt = nil
            columns.query = nil
            columns.response = nil
            columns.messages = nil
            return columns
        }
    }

    /// The keys of a message and the names of its speakers; several names may mean the same speaker.
    public struct Tags: Sendable, Hashable {
        public var role: String? = "from"
        public var content: String? = "value"
        public var user: Set<String> = ["human"]
        public var assistant: Set<String> = ["gpt"]
        public var observation: Set<String> = ["observation"]
        public var function: Set<String> = ["function_call"]
        public var system: Set<String> = ["system"]

        public init() {}
    }

    /// The data set's name.
    public var name: String
    /// The file, or the folder of files, as dataset_info.json names it.
    public var path: String
    public var formatting = Formatting.alpaca
    public var columns = Columns()
    public var tags = Tags()
    /// Rows to draw at random (with repetition beyond the data set's size); nil takes all in order.
    public var numSamples: Int?
    /// Key of a message that tells whether it is learned; nil where messages have none.
    public var messageLoss: String?
    /// Whether the columns were named by the user, so that a missing one is an error.
    public var namesColumns = false

    /// A data set with the defaults of an entry that only has a file name.
    public init(name: String, path: String) {
        self.name = name
        self.path = path
    }
}
