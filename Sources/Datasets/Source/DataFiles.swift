import Foundation

/// The files of a data set.
enum DataFiles {
    /// Endings that Hugging Face reads, with what is to be done about those that are not read here.
    private static let otherFormats = [
        "parquet": "Parquet", "arrow": "Arrow", "tsv": "TSV", "xlsx": "Excel",
    ]

    /// The file at a path, or the files of a folder in the order of their names; they must be of one type.
    static func files(at path: String) throws(DataError) -> [String] {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw DataError(
                "the file does not exist (the working directory is \(FileManager.default.currentDirectoryPath))",
                file: path)
        }
        var files = [path]
        if isFolder.boolValue {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
            files = names.filter { !$0.hasPrefix(".") }.sorted().map { MediaResolver.join(path, $0) }
            if files.isEmpty { throw DataError("the folder has no data files", file: path) }
        }
        let endings = files.map { URL(fileURLWithPath: $0).pathExtension.lowercased() }
        for (file, ending) in zip(files, endings) where !RecordFile.endings.contains(ending) {
            if isFolder.boolValue, endings.contains(where: RecordFile.endings.contains) { throw mixed(file) }
            if let format = otherFormats[ending] {
                throw DataError(
                    "\(format) files are not supported yet: convert the data to .json or .jsonl", file: file)
            }
            throw DataError("a data file should end in .json, .jsonl, .csv or .txt", file: file)
        }
        // .json and .jsonl are one type.
        let types = endings.map { $0 == "jsonl" ? "json" : $0 }
        if let other = types.firstIndex(where: { $0 != types[0] }) { throw mixed(files[other], beside: files[0]) }
        return files
    }

    private static func mixed(_ file: String, beside first: String? = nil) -> DataError {
        let neighbour = first.map { " ('\(URL(fileURLWithPath: $0).lastPathComponent)' is another)" } ?? ""
        return DataError(
            """
            all files of a data set's folder should be of one type, .json and .jsonl or .csv or .txt\(neighbour): make \
            a folder and an entry of each type
            """, file: file)
    }

    /// The rows of all files, one after another.
    static func read(_ files: [String], limit: Int?) throws(DataError) -> [Record] {
        var records: [Record] = []
        for file in files {
            if let limit, records.count >= limit { break }
            records += try RecordFile.read(path: file, limit: limit.map { $0 - records.count })
        }
        return records
    }
}
