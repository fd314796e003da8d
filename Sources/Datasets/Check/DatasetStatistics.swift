public import Prompting

/// What a data set holds, as `anneal data check` tells it.
public struct DatasetStatistics: Sendable {
    /// The rows of one kind: how many, and the first of them.
    public struct Rows: Sendable, Hashable {
        /// How many rows.
        public private(set) var count = 0
        /// The first of them.
        public private(set) var first: [RowOrigin] = []

        mutating func add(_ row: RowOrigin) {
            count += 1
            if first.count < DataReport.maxNamedRows { first.append(row) }
        }
    }

    /// The data set's name.
    public let name: String
    /// What the run uses it for: "train", "eval".
    public let use: String
    /// Rows read, kept, truncated and dropped.
    public private(set) var report = DataReport()
    /// Why the data set cannot be read at all.
    public var failure: DataError?
    /// Tokens of each kept row.
    public private(set) var tokenCounts: [Int] = []
    /// Tokens of images and videos of each kept row that has some.
    public private(set) var mediaTokenCounts: [Int] = []
    /// How often each answer occurs, without its thought.
    public private(set) var answers: [String: Int] = [:]
    /// Rows whose answer has a thought.
    public private(set) var numThoughts = 0
    /// Rows whose answer has a thought without content.
    public private(set) var emptyThoughts = Rows()
    /// Rows that are cut to the cutoff.
    public private(set) var truncated = Rows()
    /// Rows whose labels vanish: their answer is empty, or the cutoff takes it.
    public private(set) var withoutLabels = Rows()
    /// Rows that equal an earlier row.
    public private(set) var duplicates = Rows()
    private var seen: [Conversation: RowOrigin] = [:]
    private let thought: (open: String, close: String)

    /// Statistics of nothing yet.
    ///
    /// - Parameter thoughtWords: the words around a thought in the run's template.
    public init(name: String, use: String, thoughtWords: ThoughtWords = ThoughtWords()) {
        self.name = name
        self.use = use
        thought = (Self.trimmed(thoughtWords.open), Self.trimmed(thoughtWords.close))
    }

    /// Whether more than a tenth of the rows is lost, rows have to be mended, or nothing can be read.
    public var isLossy: Bool {
        failure != nil || report.numDropped * 10 > report.numRead || report.dropped.contains { $0.reason.isMistake }
    }

    /// Takes over the report of reading the data set.
    public mutating func merge(_ other: DataReport) { report.merge(other) }

    /// Counts a row that is kept.
    public mutating func add(_ row: DataRow, numTokens: Int, numMediaTokens: Int, isTruncated: Bool) {
        look(at: row)
        tokenCounts.append(numTokens)
        if numMediaTokens > 0 { mediaTokenCounts.append(numMediaTokens) }
        if isTruncated {
            report.truncate()
            truncated.add(row.origin)
        }
    }

    /// Counts a row that encoding leaves out.
    public mutating func drop(_ row: DataRow, _ reason: DropReason, losesLabels: Bool) {
        look(at: row)
        report.drop(reason, row.origin)
        if losesLabels { withoutLabels.add(row.origin) }
    }

    private mutating func look(at row: DataRow) {
        // A row drawn twice is no duplicate of itself.
        if let earlier = seen[row.conversation] {
            if earlier != row.origin { duplicates.add(row.origin) }
        } else {
            seen[row.conversation] = row.origin
        }
        guard let answer = row.conversation.messages.last?.content else { return }
        var rest = answer
        if let open = answer.firstRange(of: thought.open),
            let close = answer[open.upperBound...].firstRange(of: thought.close)
        {
            numThoughts += 1
            if Self.trimmed(String(answer[open.upperBound..<close.lowerBound])).isEmpty {
                emptyThoughts.add(row.origin)
            }
            rest = String(answer[..<open.lowerBound] + answer[close.upperBound...])
        }
        answers[Self.trimmed(rest), default: 0] += 1
    }

    private static func trimmed(_ text: String) -> String {
        var text = text[...]
        while text.first?.isWhitespace ?? false { text.removeFirst() }
        while text.last?.isWhitespace ?? false { text.removeLast() }
        return String(text)
    }
}
