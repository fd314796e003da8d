import Foundation
import JSON
import TestSupport
import Testing

@testable import Datasets

extension TemporaryFolder {
    func records(_ name: String) throws -> [Record] { try RecordFile.read(path: "\(path)/\(name)") }
}

/// Rows from JSON texts.
func records(_ rows: [String]) throws -> [Record] {
    try RecordFile.parse(Data(rows.joined(separator: "\n").utf8), path: "rows.jsonl")
}

/// The text of the error that `body` throws; "no error" without one.
func message(_ body: () throws -> Void) -> String {
    do { try body() } catch { return "\(error)" }
    return "no error"
}

/// Where the fixtures of other targets are, and the built program, run as users run it.
enum Program {
    struct Output {
        let status: Int32
        let output: String
        let errors: String
    }

    static let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path
    static let url = Bundle.module.bundleURL.deletingLastPathComponent().appendingPathComponent("anneal")

    static func run(_ arguments: [String], in folder: TemporaryFolder) throws -> Output {
        let process = Process()
        process.executableURL = url
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: folder.path)
        process.environment = ProcessInfo.processInfo.environment.merging(["OMP_NUM_THREADS": "1"]) { $1 }
        let (stdout, stderr) = (Pipe(), Pipe())
        (process.standardOutput, process.standardError) = (stdout, stderr)
        try process.run()
        // Errors here are smaller than a pipe's buffer.
        let output = try stdout.fileHandleForReading.readToEnd() ?? Data()
        let errors = try stderr.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return Output(
            status: process.terminationStatus, output: String(decoding: output, as: UTF8.self),
            errors: String(decoding: errors, as: UTF8.self))
    }

    /// Arguments of a run over the folder's own data.
    static func run(model: String, dataset: String, _ more: [String] = []) -> [String] {
        [
            "model_name_or_path=\(tests)/ModelsTests/Fixtures/\(model)", "dataset_dir=.", "dataset=\(dataset)",
            "stage=sft",
            "do_train=true", "finetuning_type=lora", "lora_target=all", "output_dir=out", "cutoff_len=256",
            "template=\(model.contains("vl") ? "qwen2_vl" : "qwen")", "report_to=none", "max_steps=1",
            "save_strategy=no",
        ] + more
    }
}
