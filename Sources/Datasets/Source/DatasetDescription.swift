/// Where a data set lies and how its rows are to be read: an entry of dataset_info.json, or what was found in a file.
public struct DatasetDescription: Sendable, Hashable {
    /// How a row holds its conversation.
    public enum Formatting: String, Sendable, Hashable, CaseIterable {
        /// Columns for instruction, input, output and history.
        case alpaca
        /// A column with a list of messages.
        case sharegpt
        /// A column with a list of messages as OpenAI's API has them, with `tool_calls`.
        case openai
    }

    /// Names of columns; nil where the data have none.
    public struct Columns: Sendable, Hashable {
        /// The instruction, first part of the question.
        public var prompt: String? = "instruction"
        /// The input, second part of the question.
        public var query: String? = "input"
        /// The answer.
        public var response: String? = "output"
        /// Pairs of earlier questions and answers.
        public var history: String?
        /// The list of messages.
        public var messages: String? = "conversations"
        /// The system prompt.
        public var system: String?
        /// The tools, as JSON.
        public var tools: String?
        /// Paths of images.
        public var images: String?
        /// Paths of videos.
        public var videos: String?
        /// Paths of sounds.
        public var audios: String?
        /// The better answer of a pair.
        public var chosen: String?
        /// The worse answer of a pair.
        public var rejected: String?
        /// Whether the answer is a good one.
        public var ktoTag: String?

        /// LLaMA-Factory's defaults.
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
        /// Key of the speaker.
        public var role: String? = "from"
        /// Key of the text.
        public var content: String? = "value"
        /// Names of the user.
        public var user: Set<String> = ["human"]
        /// Names of the assistant.
        public var assistant: Set<String> = ["gpt"]
        /// Names of a tool that answers.
        public var observation: Set<String> = ["observation"]
        /// Names of the assistant when it calls a tool.
        public var function: Set<String> = ["function_call"]
        /// Names of the system prompt.
        public var system: Set<String> = ["system"]

        /// LLaMA-Factory's defaults.
        public init() {}
    }

    /// The data set's name.
    public var name: String
    /// The file, or the folder of files, as dataset_info.json names it.
    public var path: String
    /// The data set on a hub that the rows come from; nil for files.
    public var hub: HubData?
    /// How a row holds its conversation.
    public var formatting = Formatting.alpaca
    /// Whether a row holds two answers, the better one first.
    public var isRanking = false
    /// The columns.
    public var columns = Columns()
    /// The keys and speakers of messages.
    public var tags = Tags()
    /// Rows to draw at random (with repetition beyond the data set's size); nil takes all in order.
    public var numSamples: Int?
    /// Key of a message that tells whether it is learned; nil where messages have none.
    public var messageLoss: String?
    /// Key of a message that tells what it weighs in the loss; nil where messages have none.
    public var messageLossScale: String?
    /// Whether the columns were named by the user, so that a missing one is an error.
    public var namesColumns = false

    /// A data set with the defaults of an entry that only has a file name.
    public init(name: String, path: String) {
        self.name = name
        self.path = path
    }
}
