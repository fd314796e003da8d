import Foundation

/// The files of a data set.
enum DataFiles {
    /// Endings that Hugging Face reads, with what is to be done about those that are not read here.
    private static let otherFormats = ["xlsx": "Excel", "xml": "XML", "zip": "zip", "gz": "gzip", "tar": "tar"]

    /// The file at a path, or the files of a folder in the order of their names; they must be of one type.
    static func files(at path: String) throws(DataError) -> [String] {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw isLink(path)
                ? deadLink(path)
                : DataError(
                    "the file does not exist (the working directory is \(FileManager.default.currentDirectoryPath))",
                    file: path)
        }
        var files = [path]
        if isFolder.boolValue {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
            files = names.filter { !$0.hasPrefix(".") }.sorted().map { MediaResolver.join(path, $0) }
            if files.isEmpty { throw DataError("the folder has no data files", file: path) }
        }
        for file in files where isFolder.boolValue {
            var isInner: ObjCBool = false
            guard FileManager.default.fileExists(atPath: file, isDirectory: &isInner) else { throw deadLink(file) }
            if isInner.boolValue {
                throw DataError(
                    "folders within a data set's folder are not read: move the files up, or name this folder itself",
                    file: file)
            }
        }
        let endings = files.map { URL(fileURLWithPath: $0).pathExtension.lowercased() }
        for (file, ending) in zip(files, endings) where !RecordFile.endings.contains(ending) {
            if isFolder.boolValue, endings.contains(where: RecordFile.endings.contains) { throw mixed(file) }
            if let format = otherFormats[ending] {
                throw DataError(
                    "\(format) files are not supported yet: convert the data to .json or .jsonl", file: file)
            }
            throw DataError(
                "a data file should end in .json, .jsonl, .csv, .tsv, .txt, .parquet, .arrow or .feather", file: file)
        }
        // .json and .jsonl are one type.
        let types = endings.map { ["jsonl": "json", "feather": "arrow"][$0] ?? $0 }
        if let other = types.firstIndex(where: { $0 != types[0] }) { throw mixed(files[other], beside: files[0]) }
        return files
    }

    private static func isLink(_ path: String) -> Bool {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: path)) != nil
    }

    private static func deadLink(_ path: String) -> DataError {
        DataError("the link leads to no file, or in circles: correct or remove it", file: path)
    }

    /// What is wrong with a name that looks like a path but leads nowhere; nil for other names.
    static func missing(_ name: String, folder: String) -> DataError? {
        let base = SampledName(name)?.base ?? name
        if let link = [base, MediaResolver.join(folder, base)].first(where: isLink) { return deadLink(link) }
        let ending = URL(fileURLWithPath: base).pathExtension.lowercased()
        guard
            base.hasPrefix("/") || base.hasPrefix(".") || RecordFile.endings.contains(ending)
                || otherFormats[ending] != nil
        else { return nil }
        return DataError(
            """
            there is no such file or folder, neither in the working directory (\
            \(FileManager.default.currentDirectoryPath)) nor in `dataset_dir` (\(folder)): correct the path
            """, file: base)
    }

    private static func mixed(_ file: String, beside first: String? = nil) -> DataError {
        let neighbour = first.map { " ('\(URL(fileURLWithPath: $0).lastPathComponent)' is another)" } ?? ""
        return DataError(
            """
            all files of a data set's folder should be of one type, such as .json and .jsonl, or .parquet\(neighbour): make \
            a folder and an entry of each type
            """, file: file)
    }

    /// The rows of all files, one after another.
    static func read(_ files: [String], limit: Int?) throws(DataError) -> RecordList {
        var records = RecordList()
        for file in files {
            if let limit, records.count >= limit { break }
            let index = try RecordIndex(path: file)
            try index.extend(to: limit.map { $0 - records.count } ?? .max)
            records.append(index)
        }
        return records
    }
}
