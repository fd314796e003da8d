import JSON

/// A data set whose files are read as far as its rows are asked for, each row when it is its turn.
struct StreamedDataset: StreamSource {
    let name: String
    let warnings: [String]
    private let records: RecordStream
    private let converter: RecordConverter

    init(_ records: RecordStream, _ converter: RecordConverter, warnings: [String]) {
        name = converter.description.name
        self.warnings = warnings
        self.records = records
        self.converter = converter
    }

    func hasRow(_ row: Int) throws(DataError) -> Bool { try records.contains(row) }

    func row(_ row: Int) throws(DataError) -> ConvertedRow {
        var converter = converter
        let converted = converter.convert(records.record(row))
        if case .dropped(let reason, let origin) = converted, reason.isMistake {
            throw DataError(reason.text, dataset: origin.dataset, file: origin.file, row: origin.row)
        }
        return converted
    }

    func loaded(_ rows: [Int]) throws(DataError) -> LoadedDataset {
        var list = RecordList(), hash = Fingerprint()
        list.append(rows.map(records.record))
        for record in list { hash.add(JSONValue.object(record.members).text()) }
        return LoadedDataset(list, converter, files: [], warnings: warnings, content: hash, progress: nil)
    }
}
