import Basics
import Foundation
import JSON
import Prompting

/// The data sets that a run can name: those of a dataset_info.json, and data files given by their paths.
public struct DatasetCatalog: Sendable {
    /// Folder of the data files and of dataset_info.json.
    public let folder: String
    /// Folder that the paths of media start from.
    public let mediaFolder: String
    /// What the rows are for.
    public let purpose: DataPurpose
    /// LLaMA-Factory's `dataset_dir: ONLINE`: names are those of a hub's data sets.
    private let isOnline: Bool
    /// Is told, from any thread, of which data set how many rows were checked, of how many.
    public var progress: (@Sendable (_ dataset: String, _ done: Int, _ total: Int) -> Void)?
    /// What dataset_info.json says; a failure only matters when a name is looked up in it.
    private let info: Result<DatasetInfo, DataError>

    /// - Parameters:
    ///   - folder: LLaMA-Factory's `dataset_dir`.
    ///   - mediaFolder: LLaMA-Factory's `media_dir`; `folder` when nil.
    ///   - purpose: what the rows are for: answers to learn, texts, pairs, or answers with a verdict.
    public init(folder: String, mediaFolder: String? = nil, purpose: DataPurpose = .answers) throws(DataError) {
        if folder.hasPrefix("REMOTE:") {
            throw DataError(
                "`dataset_dir: \(folder)` is not supported: download it (anneal download --type dataset) and name its folder"
            )
        }
        isOnline = folder == "ONLINE"
        self.folder = folder
        self.mediaFolder = mediaFolder ?? folder
        self.purpose = purpose
        let path = MediaResolver.join(folder, "dataset_info.json")
        info = Result { () throws(DataError) in try DatasetInfo(path: path) }
    }

    /// The names in dataset_info.json; none when there is no such file.
    public var names: [String] { (try? info.get().names) ?? [] }

    /// What the rows of a data set are for, as its entry in dataset_info.json says; nil where it has none.
    public static func purpose(of name: String, in folder: String) -> DataPurpose? {
        guard let info = try? DatasetInfo(path: MediaResolver.join(folder, "dataset_info.json")), info.contains(name),
            let description = try? info.description(of: name)
        else { return nil }
        return description.isRanking ? .pairs : description.columns.ktoTag == nil ? .answers : .verdicts
    }

    /// Reads a data set and converts its rows.
    ///
    /// - Parameters:
    ///   - name: a name in dataset_info.json, the path of a data file (or of a folder of such files), or a hub's data set
    ///     ("HF::org/name", "MS::org/name:subset") in one of ms-swift's forms; each may end with "#500", which draws so many rows.
    ///   - maxSamples: rows to use at most, from the beginning (after `num_samples` of the entry were drawn).
    ///   - random: NumPy's global generator, from which `num_samples` draws; it goes on from data set to data set.
    /// - Throws: `DataError`, also when no row can be used.
    public func load(_ name: String, maxSamples: Int? = nil, random: inout NumPyLegacyRandom) throws(DataError)
        -> LoadedDataset
    {
        do {
            return try loadUnnamed(name, maxSamples: maxSamples, random: &random)
        } catch {
            throw error.named(name)
        }
    }

    /// Reads a data set whose entry does not draw at random; see the other `load`.
    public func load(_ name: String, maxSamples: Int? = nil, seed: Int = 42) throws(DataError) -> LoadedDataset {
        var random = NumPyLegacyRandom(seed: UInt32(truncatingIfNeeded: seed))
        return try load(name, maxSamples: maxSamples, random: &random)
    }

    private func loadUnnamed(_ name: String, maxSamples: Int?, random: inout NumPyLegacyRandom) throws(DataError)
        -> LoadedDataset
    {
        let isRegistered = (try? info.get().contains(name)) ?? false
        if !isRegistered, path(of: name) == nil, let sampled = SampledName(name) {
            return try sample(sampled, named: name, maxSamples: maxSamples, random: &random)
        }
        var found = try find(name)
        let limit = found.description.numSamples == nil ? maxSamples : nil
        var records = try DataFiles.read(found.files, limit: limit)
        if found.isRegistered, limit != nil, missingColumn(in: records, found.description) != nil {
            // A column may first come up behind the limit.
            let all = try DataFiles.read(found.files, limit: nil)
            if let missing = missingColumn(in: all, found.description) {
                throw records.first?.labelStudioError ?? missing
            }
        } else {
            try check(&found, records)
        }
        if let count = found.description.numSamples {
            let drawn = random.sample(of: records.count, count: count)
            records = records.selecting(drawn.prefix(maxSamples ?? .max))
        }
        let converter = RecordConverter(found.description, mediaFolder: mediaFolder, purpose: purpose)
        let dataset = LoadedDataset(
            records, converter, files: found.files, warnings: found.warnings, progress: progress)
        if !(0..<dataset.count).contains(where: dataset.isKept) {
            throw DataError("no row can be used.\n\(dataset.report)", dataset: found.description.name)
        }
        return dataset
    }

    /// Rows of a streamed data set that are looked at to find out its form.
    private static let numHeadRows = 1_000

    /// Opens a data set whose rows are read when it is their turn; one from which rows are drawn has to be read before.
    func stream(_ name: String, random: inout NumPyLegacyRandom) throws(DataError) -> any StreamSource {
        do throws(DataError) {
            let isRegistered = (try? info.get().contains(name)) ?? false
            if !isRegistered, path(of: name) == nil, SampledName(name) != nil { return try load(name, random: &random) }
            var found = try find(name)
            guard found.description.numSamples == nil else { return try load(name, random: &random) }
            let records = RecordStream(found.files)
            var head = RecordList()
            while head.count < Self.numHeadRows, try records.contains(head.count) {
                head.append([records.record(head.count)])
            }
            if head.isEmpty { throw DataError("the data set has no rows", file: found.files.first) }
            try check(&found, head, isAll: head.count < Self.numHeadRows)
            let converter = RecordConverter(found.description, mediaFolder: mediaFolder, purpose: purpose)
            return StreamedDataset(records, converter, warnings: found.warnings)
        } catch {
            throw error.named(name)
        }
    }

    /// A data set whose files are known.
    private struct Found {
        var description: DatasetDescription
        var files: [String]
        var isRegistered: Bool
        var warnings: [String] = []
    }

    private func find(_ name: String) throws(DataError) -> Found {
        if (try? info.get().contains(name)) ?? false {
            let description = try info.get().description(of: name, readsTexts: purpose == .texts)
            try purpose.check(description)
            let files =
                if let hub = description.hub { try hub.files() } else {
                    try DataFiles.files(at: MediaResolver.join(folder, description.path))
                }
            return Found(description: description, files: files, isRegistered: true)
        }
        let description = DatasetDescription(name: name, path: name)
        if let hub = HubData(name: name) ?? (isOnline ? HubData(host: nil, text: name) : nil) {
            return Found(description: description, files: try hub.files(), isRegistered: false)
        }
        guard let path = path(of: name) else {
            if let missing = DataFiles.missing(name, folder: folder) { throw missing }
            // Neither: say what is wrong with the list of data sets, or that it has no such name.
            return Found(description: try info.get().description(of: name), files: [], isRegistered: true)
        }
        return Found(description: description, files: try DataFiles.files(at: path), isRegistered: false)
    }

    /// Compares the rows with the entry, or finds their form where there is none.
    ///
    /// - Parameter isAll: false when there are more rows, in which columns may come up that not every row needs.
    private func check(_ found: inout Found, _ records: RecordList, isAll: Bool = true) throws(DataError) {
        if found.isRegistered {
            if let missing = missingColumn(in: records, found.description, isAll: isAll) {
                throw records.first?.labelStudioError ?? missing
            }
            return
        }
        if let export = records.first?.labelStudioError { throw export }
        let name = found.description.name
        found.description = try .detected(name: name, path: name, records: records, purpose: purpose)
        let unused = found.description.unusedColumns(of: records)
        guard !unused.isEmpty else { return }
        found.warnings.append(
            "data set '\(name)': nothing reads the columns " + unused.map { "'\($0)'" }.joined(separator: ", "))
    }

    /// Draws rows as ms-swift does: of those that can be used. The others keep being counted, at the end.
    private func sample(
        _ sampled: SampledName, named name: String, maxSamples: Int?, random: inout NumPyLegacyRandom
    ) throws(DataError) -> LoadedDataset {
        guard sampled.count > 0 else { throw DataError("`#0` takes no row: write the number of rows to draw") }
        let whole = try loadUnnamed(sampled.base, maxSamples: nil, random: &random)
        let usable = (0..<whole.count).filter(whole.isKept)
        let drawn = random.repeatedSample(of: usable.count, count: sampled.count).prefix(maxSamples ?? .max)
        let unusable = (0..<whole.count).filter { !whole.isKept($0) }
        return whole.selecting(drawn.map { usable[$0] } + unusable, name: name)
    }

    /// The path that a name stands for: as it is, or below the data folder.
    private func path(of name: String) -> String? {
        let candidates = [name, MediaResolver.join(folder, name)]
        return candidates.first { FileManager.default.fileExists(atPath: $0) }
    }

    /// An error for a column that the entry names and no row has.
    private func missingColumn(
        in records: RecordList, _ description: DatasetDescription, isAll: Bool = true
    ) -> DataError? {
        let keys = records.keys
        let columns = description.columns
        let isAlpaca = description.formatting == .alpaca
        let needed: [(String, String?)] = [
            ("prompt", isAlpaca ? columns.prompt : nil),
            ("response", isAlpaca && purpose != .texts && columns.chosen == nil ? columns.response : nil),
            ("messages", isAlpaca ? nil : columns.messages), ("chosen", columns.chosen), ("rejected", columns.rejected),
            ("kto_tag", columns.ktoTag),
        ]
        let others: [(String, String?)] = [
            ("query", isAlpaca && description.namesColumns ? columns.query : nil),
            ("history", isAlpaca ? columns.history : nil), ("system", columns.system), ("tools", columns.tools),
            ("images", columns.images), ("videos", columns.videos), ("audios", columns.audios),
        ]
        for (key, column) in needed + (isAll ? others : []) {
            guard let column, !keys.contains(column) else { continue }
            let available = keys.sorted()
            let hint = NearestName.nearest(to: column, among: available).map { "did you mean '\($0)'? " } ?? ""
            let list = available.map { "'\($0)'" }.joined(separator: ", ")
            return DataError(
                """
                no row has the column '\(column)', which `\(key)` of the entry names: \(hint)the rows have \(list); correct \
                `columns` in dataset_info.json
                """, dataset: description.name, file: records.first?.file)
        }
        return nil
    }
}
