import Datasets
import Foundation
import Prompting
import Reporting

/// Encoded data in a folder of the user's choice (`tokenized_path`): a store for each part and `anneal_data.json`, written last.
enum SavedSamples {
    private static let manifestName = "anneal_data.json"

    fileprivate struct Part: Codable {
        var name: String?
        var isTrained: Bool
        var file: String
        /// Where each batch of rows that are packed together ends.
        var batchEnds: [Int]
    }

    fileprivate struct Manifest: Codable {
        var version = 1
        var parts: [Part]
        var tokenizer: String
        var packCapacity: Int?
        var blockSize: Int?
        var firstID: Int32?
    }

    /// Whether there is something to load.
    ///
    /// - Throws: when the folder holds something else.
    static func exist(at path: String) throws -> Bool {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        if names.isEmpty || names.contains(manifestName) { return !names.isEmpty }
        let isArrow = names.contains {
            ["dataset_dict.json", "state.json", "dataset_info.json"].contains($0) || $0.hasSuffix(".arrow")
        }
        throw TrainingError(
            isArrow
                ? "tokenized_path \(path) is a folder of Hugging Face datasets (Arrow), which is not read: name a new folder, and the data are tokenized into it from `dataset`"
                : "tokenized_path \(path) is not empty and holds no tokenized data: name a new folder")
    }

    /// Reads the data; other data settings do not matter, as in LLaMA-Factory.
    static func load(_ run: TrainingRun, from path: String) throws -> TrainingData {
        let file = "\(path)/\(manifestName)"
        let manifest: Manifest
        do {
            manifest = try JSONDecoder().decode(Manifest.self, from: Data(contentsOf: URL(fileURLWithPath: file)))
        } catch {
            throw TrainingError("\(file) is damaged (\(error)): delete the folder and tokenize again")
        }
        guard manifest.tokenizer == SampleCache.tokenizerKey(run) else {
            throw TrainingError(
                "tokenized_path \(path) was made with another tokenizer or template: delete it and tokenize again")
        }
        var data = TrainingData(
            train: [TrainingExample](), evaluations: [], report: DataReport(), evaluationReport: DataReport())
        data.notes = ["Loaded tokenized dataset from \(path); other data settings are ignored."]
        for part in manifest.parts {
            let rows = try EncodedRows(reading: "\(path)/\(part.file)", run.rowEncoder())
            var report = DataReport()
            report.read(rows.store.count)
            report.merge(rows.report)
            if part.isTrained { data.report.merge(report) } else { data.evaluationReport.merge(report) }
            let samples =
                manifest.arrangement.map { arrangement -> any SampleSource in
                    let ranges = zip([0] + part.batchEnds, part.batchEnds).map { $0..<$1 }
                    return ArrangedSamples(
                        rows, batches: rows.keptRanges(ranges), arrangement, padID: run.tokenizer.padID)
                } ?? rows
            if part.isTrained { data.train = samples } else { data.evaluations.append((part.name, samples)) }
        }
        return data
    }

    /// A part to be saved.
    struct Input {
        let name: String?
        let isTrained: Bool
        let rows: EncodedRows
        /// The rows that are packed together.
        let batches: [Range<Int>]
    }

    /// Writes the data beside the folder and renames it.
    static func save(_ parts: [Input], _ run: TrainingRun, to path: String) throws {
        let temporary = "\(path).tmp-\(getpid())", files = FileManager.default
        do {
            try? files.removeItem(atPath: temporary)
            try files.createDirectory(atPath: temporary, withIntermediateDirectories: true)
            var manifest = Manifest(parts: [], tokenizer: SampleCache.tokenizerKey(run))
            switch run.arrangement {
            case .packed(let capacity): manifest.packCapacity = capacity
            case .blocks(let size, let firstID): (manifest.blockSize, manifest.firstID) = (size, firstID)
            case nil: break
            }
            for (number, part) in parts.enumerated() {
                let file = "part-\(number).rows"
                try part.rows.store.copy(to: "\(temporary)/\(file)")
                manifest.parts.append(
                    Part(
                        name: part.name, isTrained: part.isTrained, file: file,
                        batchEnds: part.batches.map(\.upperBound)))
            }
            try JSONEncoder().encode(manifest).write(to: URL(fileURLWithPath: "\(temporary)/\(manifestName)"))
            rmdir(path)
            guard rename(temporary, path) == 0 else { throw TrainingError(String(cString: strerror(errno))) }
        } catch {
            try? files.removeItem(atPath: temporary)
            throw TrainingError("tokenized_path \(path) cannot be written: \(error)")
        }
    }
}

extension SavedSamples.Manifest {
    fileprivate var arrangement: ArrangedSamples.Arrangement? {
        if let packCapacity { return .packed(capacity: packCapacity) }
        return blockSize.map { .blocks(size: $0, firstID: firstID) }
    }
}

/// Rows that are there as encoded only.
struct SavedRows: RowSource {
    let file: String
    let count: Int

    func origin(_ number: Int) -> RowOrigin { RowOrigin(dataset: "tokenized_path", file: file, row: number + 1) }
    func row(_ number: Int) -> DataRow { DataRow(conversation: Conversation(messages: []), origin: origin(number)) }
    func textSize(_ number: Int) -> TextSize? { nil }
}
