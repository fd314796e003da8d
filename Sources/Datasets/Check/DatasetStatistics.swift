public import Prompting

/// What a data set holds, as `anneal data check` tells it.
public struct DatasetStatistics: Sendable {
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
    public private(set) var emptyThoughts = CountedRows()
    /// What a run makes of the rows besides, in sentences.
    public var notes: [String] = []
    /// Rows whose labels vanish: their answer is empty, or the cutoff takes it.
    public private(set) var withoutLabels = CountedRows()
    /// Rows that equal an earlier row.
    public private(set) var duplicates = CountedRows()
    /// Kept rows with an empty answer: they teach the model to say nothing.
    public private(set) var emptyAnswers = CountedRows()
    /// Pairs whose two answers are the same.
    public private(set) var equalPairs = CountedRows()
    /// How many answers are good, and how many bad, where rows say so.
    public private(set) var verdicts: [Bool: Int] = [:]
    /// Rows whose text holds control tokens.
    public private(set) var controlTokens = CountedRows()
    /// Rows of identity data whose name and author nobody has filled in.
    public private(set) var placeholders = CountedRows()
    /// Rows with more tokens than the memory plan has room for.
    public private(set) var tooLarge = CountedRows()
    /// The first rows as the model sees them.
    public var previews: [SamplePreview] = []
    /// Tokens of the longest row that memory has room for; nil where that is not known.
    public var maxTokens: Int?
    private var seen: [Int: RowOrigin] = [:]
    private let thought: (open: String, close: String)
    private let limits: DataLimits
    private let hasControlTokens: @Sendable (String) -> Bool

    /// Statistics of nothing yet.
    ///
    /// - Parameters:
    ///   - thoughtWords: the words around a thought in the run's template.
    ///   - limits: what a run may lose.
    ///   - hasControlTokens: whether a text holds control tokens (``Tokenizer/controlTokens(in:)``).
    public init(
        name: String, use: String, thoughtWords: ThoughtWords = ThoughtWords(), limits: DataLimits = DataLimits(),
        hasControlTokens: @escaping @Sendable (String) -> Bool = { _ in false }
    ) {
        self.name = name
        self.use = use
        self.limits = limits
        self.hasControlTokens = hasControlTokens
        thought = (Self.trimmed(thoughtWords.open), Self.trimmed(thoughtWords.close))
    }

    /// Whether more rows are lost than a run may lose, rows have to be mended, or nothing can be read.
    public var isLossy: Bool {
        failure != nil || report.dropped.contains { $0.reason.isMistake } || !limits.problems(report, use: use).isEmpty
    }

    /// Takes over the report of reading the data set.
    public mutating func merge(_ other: DataReport) { report.merge(other) }

    /// Counts a row that is kept.
    public mutating func add(_ row: DataRow, numTokens: Int, numMediaTokens: Int, truncation: Truncation = .none) {
        look(at: row)
        tokenCounts.append(numTokens)
        if numMediaTokens > 0 { mediaTokenCounts.append(numMediaTokens) }
        if Self.trimmed(row.conversation.messages.last?.text ?? "").isEmpty { emptyAnswers.add(row.origin) }
        if let maxTokens, numTokens > maxTokens { tooLarge.add(row.origin) }
        report.truncate(truncation, row.origin)
    }

    /// Counts a row that encoding leaves out.
    public mutating func drop(_ row: DataRow, _ reason: DropReason, losesLabels: Bool) {
        look(at: row)
        report.drop(reason, row.origin)
        if losesLabels { withoutLabels.add(row.origin) }
    }

    private mutating func look(at row: DataRow) {
        // A row drawn twice is no duplicate of itself. Hashes, so that the rows themselves need not stay in memory.
        let key = row.hashOfContent
        if let earlier = seen[key] {
            if earlier != row.origin { duplicates.add(row.origin) }
        } else {
            seen[key] = row.origin
        }
        var texts = row.conversation.messages.map(\.text)
        if let system = row.conversation.system { texts.append(system) }
        switch row.preference {
        case .better(let rejected):
            texts.append(rejected.content)
            if row.conversation.messages.last == rejected { equalPairs.add(row.origin) }
        case .verdict(let isGood, _): verdicts[isGood, default: 0] += 1
        case nil: break
        }
        if texts.contains(where: hasControlTokens) { controlTokens.add(row.origin) }
        guard let answer = row.conversation.messages.last?.text else { return }
        if answer.contains("{{name}}") || answer.contains("{{author}}") { placeholders.add(row.origin) }
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

extension DataRow {
    /// A hash of what the row says, wherever it stands. KTO's other answer is a neighbour's and does not count.
    fileprivate var hashOfContent: Int {
        var hasher = Hasher()
        hasher.combine(conversation)
        switch preference {
        case .better(let rejected): hasher.combine(rejected)
        case .verdict(let isGood, _): hasher.combine(isGood)
        case nil: break
        }
        return hasher.finalize()
    }
}
