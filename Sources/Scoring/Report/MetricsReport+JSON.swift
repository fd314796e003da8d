public import JSON
import Reporting

extension MetricsReport {
    /// All figures, for programs.
    public var json: JSONValue {
        func number(_ value: Double) -> JSONValue { value.isNaN ? .null : .double(value) }
        func scores(_ row: ClassScores.Row) -> JSONValue {
            [
                "precision": .double(row.precision), "recall": .double(row.recall), "f1": .double(row.f1),
                "support": .int(row.support),
            ]
        }
        var members = [
            JSONMember("rows", .int(numLines)), JSONMember("accuracy", number(accuracy)),
            JSONMember("exact_match", number(exactMatch)),
        ]
        members += similarity.values.map { JSONMember($0.name, number($0.value)) }
        if let tokenAccuracy { members.append(JSONMember("token_accuracy", number(tokenAccuracy))) }
        if let classScores {
            members += [
                JSONMember("classes", .object(classScores.classes.map { JSONMember($0.name, scores($0)) })),
                JSONMember("macro", scores(classScores.macro)), JSONMember("micro", scores(classScores.micro)),
                JSONMember("weighted", scores(classScores.weighted)),
                JSONMember(
                    "confusion_matrix",
                    [
                        "classes": .array(classScores.matrix.classes.map(JSONValue.string)),
                        "counts": .array(classScores.matrix.counts.map { .array($0.map(JSONValue.int)) }),
                        "other": .array(classScores.matrix.numInvalid.map(JSONValue.int)),
                    ]),
            ]
        }
        if let curve { members.append(JSONMember("threshold", curve.json(targetRecall: options.targetRecall))) }
        members.append(
            JSONMember(
                "findings",
                .array(findings.map { ["text": .string($0.text), "rows": .array($0.rows.map(JSONValue.int))] })))
        return .object(members)
    }

    /// LLaMA-Factory's predict_results.json: BLEU and ROUGE in percent, keys sorted.
    public func predictResults(more: [String: Double] = [:]) -> JSONValue {
        let scores = similarity.values.map { ("predict_\($0.name)", $0.value.isNaN ? 0 : $0.value) }
        let all = scores + more.map { ($0.key, $0.value) }
        return .object(all.sorted { $0.0 < $1.0 }.map { JSONMember($0.0, .double($0.1)) })
    }
}

extension ThresholdCurve {
    func json(targetRecall: Double) -> JSONValue {
        func number(_ value: Double) -> JSONValue { value.isNaN ? .null : .double(value) }
        func point(_ point: Point?) -> JSONValue {
            guard let point else { return .null }
            return [
                "threshold": .double(point.threshold), "precision": number(point.precision),
                "recall": number(point.recall), "f1": number(point.f1), "specificity": number(point.specificity),
                "accuracy": number(point.accuracy),
            ]
        }
        return [
            "positive": .string(positive), "roc_auc": number(rocArea), "pr_auc": number(precisionRecallArea),
            "best_f1": point(bestF1), "target_recall": .double(targetRecall),
            "at_target_recall": point(self.point(recall: targetRecall)), "usual": point(self.point(at: 0.5)),
        ]
    }
}
