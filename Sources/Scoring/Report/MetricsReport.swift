public import Reporting

/// Everything that is measured of one file of predictions.
public struct MetricsReport: Sendable {
    /// One row after its thinking part was taken away.
    struct Row: Sendable {
        let line: PredictionLine
        let prediction: AnswerText.Answer
        let label: String
        let isExact: Bool
        /// Equal as classes, or with case, width, punctuation and blanks made equal.
        let isRight: Bool
        /// The answer is one of the classes.
        let isClass: Bool
    }

    let rows: [Row]
    let options: MetricsOptions
    /// The classes; nil when labels are free text.
    public let classes: AnswerClasses?
    /// Scores by class; nil when labels are free text.
    public let classScores: ClassScores?
    /// Similarity of texts, with the names of LLaMA-Factory.
    public let similarity: TextSimilarity
    /// Share of equal tokens at equal places, mean over the rows; nil without a tokenizer.
    public let tokenAccuracy: Double?
    /// Present for rows with probabilities of two classes.
    public let curve: ThresholdCurve?
    /// What explains bad figures, and what the figures leave out.
    public let findings: [Finding]

    /// - Throws: when the options name a class that the labels or the probabilities do not have.
    public init(_ lines: [PredictionLine], options: MetricsOptions = MetricsOptions()) throws(MetricsError) {
        self.options = options
        func answer(_ text: String) -> AnswerText.Answer {
            options.keepsThinking ? AnswerText.Answer(text: text) : AnswerText.withoutThought(text)
        }
        let answers = lines.map { (line: $0, prediction: answer($0.predict), label: answer($0.label).text) }
        let classes = options.classes.map(AnswerClasses.init(names:)) ?? AnswerClasses(labels: answers.map(\.label))
        let rows = answers.map { one in
            let (prediction, label) = (AnswerText.trimmed(one.prediction.text), AnswerText.trimmed(one.label))
            let isRight: Bool
            if let classes, let truth = classes.index(of: label) {
                isRight = classes.index(of: prediction) == truth
            } else {
                isRight = prediction == label || AnswerText.normalized(prediction) == AnswerText.normalized(label)
            }
            return Row(
                line: one.line, prediction: one.prediction, label: one.label, isExact: prediction == label,
                isRight: isRight, isClass: classes?.index(of: prediction) != nil)
        }
        self.rows = rows
        self.classes = classes
        if let classes {
            var matrix = ConfusionMatrix(classes: classes.names)
            var numUnknown = 0
            for row in rows {
                guard let truth = classes.index(of: row.label) else {
                    numUnknown += 1
                    continue
                }
                let prediction = classes.index(of: row.prediction.text).map { classes.names[$0] }
                matrix.add(truth: classes.names[truth], prediction: prediction ?? "\u{0}")
            }
            guard numUnknown < rows.count else {
                throw MetricsError(
                    "no label is one of the classes \(classes.names.joined(separator: ", ")); labels look like \"\(AnswerText.trimmed(rows.first?.label ?? ""))\""
                )
            }
            classScores = ClassScores(matrix)
        } else {
            classScores = nil
        }
        similarity = TextSimilarity(
            rows.map { ($0.prediction.text, $0.label) }, segmenter: options.segmenter)
        tokenAccuracy = options.tokenize.map { tokenize in
            Figures.mean(
                rows.map { row in
                    let (truth, found) = (tokenize(row.label), tokenize(row.prediction.text))
                    guard !truth.isEmpty else { return found.isEmpty ? 1 : 0 }
                    return Double(zip(truth, found).count { $0 == $1 }) / Double(truth.count)
                })
        }
        curve = try Self.curve(rows, classes, options)
        findings = Finding.all(rows, classScores)
    }

    /// Number of rows.
    public var numLines: Int { rows.count }
    /// Rows whose answer is right: the label's class, or the label with case, width, punctuation and blanks made equal.
    public var numRight: Int { rows.count { $0.isRight } }
    /// Share of right answers; NaN without rows.
    public var accuracy: Double { Double(numRight) / Double(numLines) }
    /// Share of answers that are their label to the letter, blanks around both apart.
    public var exactMatch: Double { Double(rows.count { $0.isExact }) / Double(numLines) }
    /// The confusion matrix; nil when labels are free text.
    public var matrix: ConfusionMatrix? { classScores?.matrix }

    private static func curve(_ rows: [Row], _ classes: AnswerClasses?, _ options: MetricsOptions) throws(MetricsError)
        -> ThresholdCurve?
    {
        guard let classes, let first = rows.first(where: { $0.line.labelProbabilities != nil }),
            let names = first.line.labelProbabilities?.map(\.label), names.count == 2
        else { return nil }
        let keys = names.map { classes.index(of: $0) }
        var counts = [0, 0]
        var scores: [[Double]] = []
        var truths: [Int] = []
        for row in rows {
            guard let probabilities = row.line.labelProbabilities, let truth = classes.index(of: row.label),
                let index = keys.firstIndex(of: truth)
            else { continue }
            let values = names.map { name in probabilities.first { $0.label == name }?.probability ?? 0 }
            counts[index] += 1
            truths.append(index)
            scores.append(values)
        }
        guard !truths.isEmpty else { return nil }
        var positive = counts[0] <= counts[1] ? 0 : 1
        if let wanted = options.positive {
            guard let index = names.firstIndex(where: { classes.index(of: $0) == classes.index(of: wanted) }) else {
                throw MetricsError(
                    "\(wanted) is none of the classes with probabilities: \(names.joined(separator: ", "))")
            }
            positive = index
        }
        return ThresholdCurve(
            positive: names[positive], scores: scores.map { $0[positive] }, truths: truths.map { $0 == positive })
    }
}
