import Foundation

extension RecordFile {
    /// Refuses folders, pipes and devices, from which reading might never end.
    static func refuseOthersThanFiles(_ path: String) throws(DataError) {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw errno == ENOENT
                ? DataError(
                    "there is no such file (the working directory is \(FileManager.default.currentDirectoryPath)): correct the path",
                    file: path)
                : DataError(
                    "the file cannot be read (\(String(cString: strerror(errno)))): check its path and permissions",
                    file: path)
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw DataError("this is not a regular file: write the data to a file first", file: path)
        }
    }

    /// Refuses files that are something else than their ending says.
    static func refuseForeignFiles(_ data: UnsafeBufferPointer<UInt8>, path: String) throws(DataError) {
        if let error = foreignFile(data, path: path) { throw error }
    }

    /// What is to be said about a file that is something else than its ending says.
    static func foreignFile(_ data: UnsafeBufferPointer<UInt8>, path: String) -> DataError? {
        func starts(with prefix: [UInt8]) -> Bool { data.starts(with: prefix) }
        if starts(with: Array("version https://git-lfs.github.com/spec".utf8)) {
            return DataError(
                "this is a Git LFS pointer, not the data: run `git lfs pull` in its repository", file: path)
        }
        if starts(with: [0xFF, 0xFE]) || starts(with: [0xFE, 0xFF]) {
            return DataError("the file is UTF-16: save it as UTF-8", file: path)
        }
        let foreign: [([UInt8], String)] = [
            (Array("PAR1".utf8), "Parquet"), (Array("ARROW1".utf8), "Arrow"), ([0x1F, 0x8B], "gzip"),
            (Array("PK\u{03}\u{04}".utf8), "zip"), ([0x28, 0xB5, 0x2F, 0xFD], "zstd"),
        ]
        let ending = URL(fileURLWithPath: path).pathExtension.lowercased()
        let expected =
            ["csv": "CSV", "tsv": "TSV", "txt": "text", "parquet": "Parquet", "arrow": "Arrow", "feather": "Arrow"][
                ending]
            ?? "JSON"
        for (prefix, name) in foreign where starts(with: prefix) {
            let ownEnding = ["Parquet": ".parquet", "Arrow": ".arrow"][name]
            let remedy = ownEnding.map { "name it \($0)" } ?? "unpack or convert it to .json or .jsonl"
            return DataError("this is a \(name) file, not \(expected): \(remedy)", file: path)
        }
        let first = data.first { $0 != 0x20 && $0 != 0x0A && $0 != 0x0D && $0 != 0x09 }
        if ending != "txt", first == UInt8(ascii: "<") {
            return DataError("this is a web page (HTML), not the data: download the raw file", file: path)
        }
        return nil
    }
}
