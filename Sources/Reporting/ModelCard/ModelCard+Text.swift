import JSON

extension ModelCard {
    /// The whole file.
    public var text: String {
        var text = "---\n" + metadata + "---\n"
        text += """

            <!-- This model card has been generated automatically according to the information the Trainer had access to. You
            should probably proofread and complete it, then remove this comment. -->

            # \(modelName)

            This model is a fine-tuned version of \(baseModel) on \(datasetText)
            """
        if let evalResults {
            text += "\nIt achieves the following results on the evaluation set:\n"
            text += evalResults.entries.map { "- \($0.key): \(Self.rounded($0.value))" }.joined(separator: "\n")
        }
        text += "\n"
        for section in ["Model description", "Intended uses & limitations", "Training and evaluation data"] {
            text += "\n## \(section)\n\nMore information needed\n"
        }
        text += "\n## Training procedure\n\n### Training hyperparameters\n\n"
        text +=
            "The following hyperparameters were used during training:\n" + Self.list(hyperparameters, separator: ": ")
        if let trainingResults {
            text += "\n### Training results\n\n" + Self.table(trainingResults) + "\n"
        }
        return text + "\n### Framework versions\n\n" + Self.list(frameworkVersions, separator: " ")
    }

    private var metadata: String {
        var lines = ["library_name: \(library.rawValue)", "license: \(Self.yaml(license))"]
        lines.append("base_model: \(Self.yaml(baseModel))")
        lines.append("tags:")
        // peft sorts the tags of an adapter and drops the trainer's own.
        var tags = ["llama-factory", finetuningType] + extraTags
        switch library {
        case .peft: tags = Set(tags + ["base_model:adapter:\(baseModel)", "transformers"]).sorted()
        case .transformers: tags.append("generated_from_trainer")
        }
        lines += tags.map { "- \(Self.yaml($0))" }
        let known: Set = [
            "accuracy", "bleu", "f1", "matthews_correlation", "pearsonr", "precision", "recall", "rouge", "sacrebleu",
            "spearmanr", "wer",
        ]
        let metrics = (evalResults?.keys ?? []).map { $0.lowercased().replacing(" ", with: "_") }.filter(known.contains)
        if !metrics.isEmpty { lines += ["metrics:"] + metrics.map { "- \($0)" } }
        if library == .peft { lines.append("pipeline_tag: text-generation") }
        lines += ["model-index:", "- name: \(Self.yaml(modelName))", "  results: []"]
        return lines.joined(separator: "\n") + "\n"
    }

    private var datasetText: String {
        guard let last = datasets.last else { return "an unknown dataset." }
        if datasets.count == 1 { return "the \(last) dataset." }
        return datasets.dropLast().map { "the \($0)" }.joined(separator: ", ") + " and the \(last) datasets."
    }

    private static func list(_ items: [Item], separator: String) -> String {
        items.map { "- \($0.name)\(separator)\($0.value)\n" }.joined()
    }

    /// A Markdown table; the columns are those of the first row.
    static func table(_ rows: [LogRecord]) -> String {
        guard let first = rows.first else { return "" }
        let columns = first.keys
        let cells = rows.map { row in columns.map { row[$0].map(rounded) ?? "" } }
        let widths = columns.indices.map { index in
            max(columns[index].count, cells.map { $0[index].count }.max() ?? 0)
        }
        func line(_ values: [String]) -> String {
            zip(values, widths).map { "| \($0)" + String(repeating: " ", count: $1 - $0.count + 1) }.joined() + "|\n"
        }
        let rule = widths.map { "|:" + String(repeating: "-", count: $0) + ":" }.joined() + "|\n"
        return line(columns) + rule + cells.map(line).joined()
    }

    /// At most four decimals, as the reference's `_maybe_round`.
    private static func rounded(_ value: JSONValue) -> String {
        switch value {
        case .double(let number):
            let text = number.pythonText
            let decimals = text.split(separator: ".").dropFirst().first?.count ?? 0
            return decimals > 4 ? Python.format(number, "%.4f") : text
        case .string(let text): return text
        case .null: return "None"
        default: return value.json()
        }
    }

    /// A YAML scalar that reads back as the same string.
    static func yaml(_ text: String) -> String {
        let words: Set = ["", "~", "null", "true", "false", "yes", "no", "on", "off", "y", "n"]
        let isPlain =
            !words.contains(text.lowercased()) && Double(text) == nil && !text.contains(": ") && !text.contains(" #")
            && !text.hasSuffix(":") && !text.hasPrefix(" ") && !text.hasSuffix(" ")
            && !"-?:,[]{}#&*!|>'\"%@`=".contains(text.prefix(1)) && text.unicodeScalars.allSatisfy { $0.value >= 0x20 }
        if isPlain { return text }
        // JSON strings are YAML double-quoted scalars.
        return JSONValue.string(text).json()
    }
}
