import Reporting

/// Something about predictions that explains their figures, with rows to look at.
public struct Finding: Sendable, Equatable {
    /// What is the case, and what to try.
    public var text: String
    /// Numbers of example rows, from 1.
    public var rows: [Int]

    /// What there is to say; figures that are zero are never left unexplained.
    static func all(_ rows: [MetricsReport.Row], _ scores: ClassScores?) -> [Finding] {
        var findings: [Finding] = []
        func add(_ least: Double, _ matches: (MetricsReport.Row) -> Bool, _ text: (String) -> String) {
            let found = rows.indices.filter { matches(rows[$0]) }
            guard !found.isEmpty, Double(found.count) >= least * Double(rows.count) else { return }
            findings.append(
                Finding(text: text("\(found.count) of \(rows.count)"), rows: found.prefix(3).map { $0 + 1 }))
        }
        add(0, { $0.prediction.isThoughtOpen }) {
            "\($0) answers end inside their thought: raise max_new_tokens, or predict with enable_thinking=false"
        }
        add(0, { !$0.prediction.isThoughtOpen && AnswerText.trimmed($0.prediction.text).isEmpty }) {
            "\($0) answers are empty: the model ended its turn at once. Does the template fit the model, and were the "
                + "prompts cut by cutoff_len?"
        }
        add(0, { AnswerText.trimmed($0.label).isEmpty }) { "\($0) labels are empty: such rows cannot be right" }
        add(0.05, { $0.repeatsPrompt }) {
            "\($0) answers repeat their prompt: were they written without cutting the prompt off?"
        }
        add(0.05, { $0.hasTemplateMark }) {
            "\($0) answers hold marks of a chat template: the template is another one than the model's, or the model "
                + "did not learn to end its turn"
        }
        add(0.05, { !$0.isRight && !$0.isClass && $0.goesOn }) {
            "\($0) answers begin with their label and go on: the answer did not stop where the label does. Ask for the "
                + "bare answer in the prompt, train the end of turn, or lower max_new_tokens"
        }
        add(0.05, { !$0.isRight && !$0.isClass && !$0.goesOn && $0.containsLabel }) {
            "\($0) wrong answers contain their label: the format differs, not the answer"
        }
        if let scores {
            let unpredicted = scores.matrix.classes.indices.filter { column in
                scores.matrix.counts.allSatisfy { $0[column] == 0 } && scores.classes[column].support > 0
            }
            if !unpredicted.isEmpty {
                let names = unpredicted.map { scores.matrix.classes[$0] }
                let examples = rows.indices.filter { row in
                    names.contains { AnswerText.normalized($0) == AnswerText.normalized(rows[row].label) }
                }
                findings.append(
                    Finding(
                        text:
                            "never predicted: \(names.prefix(8).joined(separator: ", "))\(names.count > 8 ? ", …" : "")",
                        rows: examples.prefix(3).map { $0 + 1 }))
            }
            add(0.02, { !$0.isClass }) {
                "\($0) answers are none of the classes; they are the column (other)"
            }
        }
        let answers = Set(rows.map { AnswerText.normalized($0.prediction.text) })
        let labels = Set(rows.map { AnswerText.normalized($0.label) })
        if answers.count == 1, labels.count > 1, rows.count > 2 {
            findings.append(Finding(text: "all \(rows.count) answers are the same", rows: [1]))
        }
        if findings.isEmpty, !rows.isEmpty, !rows.contains(where: \.isRight) {
            findings.append(
                Finding(
                    text: "no answer is its label, and nothing common explains it: compare these rows",
                    rows: Array(1...min(3, rows.count))))
        }
        return findings
    }
}

extension MetricsReport.Row {
    fileprivate var repeatsPrompt: Bool {
        let prompt = AnswerText.trimmed(line.prompt)
        return prompt.count >= 12 && line.predict.contains(prompt.suffix(200))
    }

    fileprivate var hasTemplateMark: Bool {
        [
            "<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|eot_id|>", "<|start_header_id|>", "</s>", "[INST]",
            "<start_of_turn>", "<end_of_turn>", "<|user|>", "<|assistant|>",
        ].contains { prediction.text.contains($0) && !label.contains($0) }
    }

    fileprivate var goesOn: Bool {
        let (answer, truth) = (AnswerText.trimmed(prediction.text), AnswerText.trimmed(label))
        return !truth.isEmpty && answer.count > truth.count && answer.hasPrefix(truth)
    }

    fileprivate var containsLabel: Bool {
        let truth = AnswerText.normalized(label)
        return !truth.isEmpty && AnswerText.normalized(prediction.text).contains(truth)
    }
}
