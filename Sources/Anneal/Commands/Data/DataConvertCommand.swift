public import ArgumentParser
public import DataTools
import Datasets
import Foundation
import JSON

struct DataConvertCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert",
        abstract:
            "Brings data into another form: alpaca, sharegpt, openai, messages; also from Label Studio's exports.",
        discussion: """
            anneal data convert data/pets.json --to messages --output pets.jsonl
            anneal data convert identity --dataset-dir data --to sharegpt --output data/identity2.json --register
            anneal data convert export.json --output labels.jsonl --question "Is the lamp on?"

            The input is a file in any form that training reads, a name in the dataset_info.json of --dataset-dir, or a Label \
            Studio export (JSON or JSON-MIN), whose labels become the answers; its paths are those below Label Studio's folder of \
            files, which is to be `media_dir` in training.

            Pairs of answers (stage dpo) and answers called good or bad (stage kto) keep what they say: their entry tells which \
            they are; for a file that has none write --stage dpo or --stage kto.
            """)

    @Argument(help: "A data file, or a name in dataset_info.json.")
    var input: String

    @Option(help: "alpaca, sharegpt, openai or messages (ms-swift's).")
    var to: RowConversion.Form = .messages

    @Option(help: "The file to write: .json, .jsonl or .csv.")
    var output: String

    @Option(help: "Folder of dataset_info.json; the input's own folder when not given.")
    var datasetDir: String?

    @Option(help: "Folder that the paths of media start from; --dataset-dir when not given.")
    var mediaDir: String?

    @Option(help: "What the rows are for: sft, dpo or kto; the entry's own when not given.")
    var stage: Stage?

    @Option(help: "Label Studio: the question of each row.")
    var question: String?

    @Flag(help: "Also make an entry in the dataset_info.json beside the output, named like the file.")
    var register = false

    func run() throws {
        let folder = datasetDir ?? URL(fileURLWithPath: input).deletingLastPathComponent().path
        let media = mediaDir ?? folder
        var report = DataReport()
        let source: [DataRow], conversion: RowConversion
        if let tasks = labelStudioTasks() {
            // Its paths are those of Label Studio's folder of files, which need not be on this machine.
            conversion = RowConversion(to: to, mediaFolder: "")
            source = tasks.compactMap { task in
                report.read()
                if case .dropped(let reason, let origin) = task { report.drop(reason, origin) }
                return task.kept
            }
        } else {
            conversion = RowConversion(to: to, mediaFolder: media)
            let purpose = stage?.purpose ?? DatasetCatalog.purpose(of: input, in: folder) ?? .answers
            let loaded = try DatasetCatalog(folder: folder, mediaFolder: media, purpose: purpose).load(input)
            report.merge(loaded.report)
            source = loaded.keptRows
        }
        var rows: [[JSONMember]] = []
        for row in source {
            switch conversion.row(row.conversation, row.preference) {
            case .row(let members): rows.append(members)
            case .dropped(let reason): report.drop(reason, row.origin)
            }
        }
        print(report)
        if rows.isEmpty { throw DataError("no row can be converted", file: input) }
        try RowFile.write(rows, to: output)
        print("\(DataReport.rows(rows.count)) written to \(output)")
        if register { try DataOutput.register(output, entry: conversion.entry(for: rows)) }
        if report.dropped.contains(where: \.reason.isMistake) { throw ExitCode(1) }
    }

    /// The stages that read rows in ways of their own.
    enum Stage: String, ExpressibleByArgument, CaseIterable {
        case sft, dpo, kto

        var purpose: DataPurpose {
            switch self {
            case .sft: .answers
            case .dpo: .pairs
            case .kto: .verdicts
            }
        }
    }

    /// The tasks of a Label Studio export; nil for other files.
    private func labelStudioTasks() -> [ConvertedRow]? {
        guard input.lowercased().hasSuffix(".json"), let records = try? RecordFile.read(path: input),
            LabelStudioImport.isExport(records)
        else { return nil }
        let labels = LabelStudioImport(records, question: question)
        return records.map { labels.row($0, dataset: input) }
    }
}

extension RowConversion.Form: ExpressibleByArgument {}
