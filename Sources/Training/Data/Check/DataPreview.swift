public import Datasets
import Foundation
import Prompting
import Reporting
public import RunConfig

/// What `anneal data preview` shows: rows of a run's data sets as the model sees them.
public struct DataPreview: Sendable {
    /// A row that was asked for.
    public enum Sample: Sendable {
        /// The model sees it so.
        case kept(SamplePreview)
        /// It is left out.
        case dropped(DropReason, RowOrigin)
    }

    /// The samples in the order of the data sets.
    public private(set) var samples: [Sample] = []

    /// Encodes rows as training would.
    ///
    /// - Parameters:
    ///   - numRows: rows of each data set, from its beginning.
    ///   - row: the number of one row in its file instead, from 1, as messages name it.
    public init(_ config: RunConfig, numRows: Int = 3, row: Int? = nil) throws {
        let run = try TrainingRun(config)
        let encoder = try run.rowEncoder()
        let catalog = try DatasetCatalog(
            folder: config.data.datasetDir, mediaFolder: config.data.mediaDir, purpose: config.tuning.stage.purpose)
        var random = NumPyLegacyRandom(seed: UInt32(truncatingIfNeeded: config.training.seed))
        let names = (config.data.dataset ?? []) + (config.data.evalDataset ?? [])
        var seen: Set<String> = []
        var numRead = 0
        for name in names where seen.insert(name).inserted {
            let loaded = try catalog.load(name, maxSamples: config.data.maxSamples, random: &random)
            numRead = max(numRead, loaded.count)
            // Rows are read one by one: the file may be larger than the memory.
            let places = (0..<loaded.count).lazy.filter { place in row.map { loaded.origin(place).row == $0 } ?? true }
            for place in places.prefix(row == nil ? numRows : .max) {
                samples.append(try Self.sample(loaded.row(place), run, encoder))
            }
        }
        if samples.isEmpty, let row {
            throw DataError("there is no row \(row): the largest data set of the run has \(numRead) rows")
        }
    }

    private static func sample(
        _ row: ConvertedRow, _ run: TrainingRun, _ encoder: RowEncoder
    ) throws -> Sample {
        switch row {
        case .dropped(let reason, let origin): return .dropped(reason, origin)
        case .kept(let row):
            switch try encoder.encode(row) {
            case .kept(let example, _): return .kept(run.preview(of: example))
            case .dropped(let reason): return .dropped(DropReason(reason), row.origin)
            }
        }
    }

    /// The samples for a terminal.
    public func text(hasColor: Bool, showsIDs: Bool = false) -> String {
        let hint = hasColor ? "" : "Trained tokens stand in [[ ]].\n\n"
        return hint
            + samples.map { sample in
                switch sample {
                case .kept(let preview): preview.text(hasColor: hasColor, showsIDs: showsIDs)
                case .dropped(let reason, let origin): "\(origin): dropped: \(reason)\n"
                }
            }.joined(separator: "\n")
    }

    /// The samples as one self-contained page.
    public var page: HTMLPage {
        HTMLPage(
            title: "Data preview",
            sections: ["<p>Trained tokens are <mark>marked</mark>.</p>"]
                + samples.map { sample in
                    switch sample {
                    case .kept(let preview): preview.html
                    case .dropped(let reason, let origin):
                        "<section class=\"lossy\"><h3>\(HTMLPage.escaped("\(origin): dropped: \(reason)"))</h3></section>"
                    }
                })
    }
}
