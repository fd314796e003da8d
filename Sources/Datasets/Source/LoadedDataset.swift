/// A data set whose rows were read once and are read again when they are asked for: those that cannot be used among them.
///
/// Unusable rows keep their place until the data are merged and split, as in LLaMA-Factory, so that the split is the same.
public struct LoadedDataset: Sendable {
    /// The data set's name.
    public let name: String
    /// What the user should see.
    public let warnings: [String]
    /// What identifies the data set's rows as they are converted: files' bytes, description, media.
    let identity: DatasetIdentity
    private let records: RecordList
    private let converter: RecordConverter
    private let survey: RowSurvey

    /// Converts all rows once.
    ///
    /// - Parameter content: what identifies rows that are not whole files.
    init(
        _ records: RecordList, _ converter: RecordConverter, files: [String], warnings: [String],
        content: Fingerprint = Fingerprint(), progress: (@Sendable (String, Int, Int) -> Void)?
    ) {
        var surveyed = converter
        survey = RowSurvey(records, &surveyed, progress)
        name = converter.description.name
        self.records = records
        self.converter = converter
        // Whole texts may hold anything.
        let marks = converter.purpose == .texts ? nil : survey.markWarning
        self.warnings = warnings + surveyed.media.warnings + [marks].compactMap(\.self)
        identity = DatasetIdentity(
            files: files,
            conversion:
                "\(converter.description) \(converter.media.mediaFolder) \(converter.purpose) \(content.text)",
            media: survey.mediaStamp)
    }

    private init(_ whole: LoadedDataset, name: String, rows: [Int]) {
        self.name = name
        warnings = whole.warnings
        identity = whole.identity
        records = whole.records.selecting(rows)
        converter = whole.converter
        survey = whole.survey.selecting(rows)
    }

    /// A data set of some of the rows, in this order, under another name; rows may come several times.
    func selecting(_ rows: [Int], name: String) -> LoadedDataset { LoadedDataset(self, name: name, rows: rows) }

    /// Number of rows.
    public var count: Int { records.count }

    /// A row, read and converted.
    public func row(_ index: Int) -> ConvertedRow {
        if let drop = survey.dropped[Int32(index)] { return .dropped(drop.reason, drop.origin) }
        var converter = converter
        return converter.convert(records[index])
    }

    /// Where a row is, without reading it.
    public func origin(_ index: Int) -> RowOrigin {
        let (file, row) = records.origin(index)
        return RowOrigin(dataset: converter.description.name, file: file, row: row)
    }

    /// Whether a row can be used.
    public func isKept(_ index: Int) -> Bool { survey.dropped[Int32(index)] == nil }

    /// The size of a row's texts; nil where tokens cannot be told from it, for the row has media or tools.
    func textSize(_ index: Int) -> TextSize? { survey.sizes[index].isKnown ? survey.sizes[index] : nil }

    /// All rows at once.
    public var rows: [ConvertedRow] { (0..<count).map(row) }

    /// The rows that can be used, in order, all at once.
    public var keptRows: [DataRow] { (0..<count).lazy.filter(isKept).compactMap { row($0).kept } }

    /// What became of the rows.
    public var report: DataReport {
        var report = DataReport()
        for index in 0..<count { count(index, in: &report) }
        warnings.forEach { report.warn($0) }
        return report
    }

    /// Counts a row as read, and as left out when it is.
    func count(_ index: Int, in report: inout DataReport) {
        report.read()
        if let drop = survey.dropped[Int32(index)] { report.drop(drop.reason, drop.origin) }
    }
}

/// What identifies the rows of a data set.
struct DatasetIdentity: Sendable {
    let files: [String]
    let conversion: String
    let media: Fingerprint

    /// Adds it to a hash; the files are read for it.
    func add(to hash: inout Fingerprint) {
        hash.add(conversion)
        for file in files {
            hash.add(file)
            hash.add(contentsOf: file)
        }
        hash.combine(media)
    }
}

extension ConvertedRow {
    /// The row, when it can be used.
    public var kept: DataRow? {
        guard case .kept(let row) = self else { return nil }
        return row
    }
}
