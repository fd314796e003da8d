import Foundation

extension RecordFile {
    /// Refuses files that are something else than their ending says.
    static func refuseForeignFiles(_ data: Data, path: String) throws(DataError) {
        func starts(with prefix: [UInt8]) -> Bool { data.starts(with: prefix) }
        if starts(with: Array("version https://git-lfs.github.com/spec".utf8)) {
            throw DataError("this is a Git LFS pointer, not the data: run `git lfs pull` in its repository", file: path)
        }
        if starts(with: [0xFF, 0xFE]) || starts(with: [0xFE, 0xFF]) {
            throw DataError("the file is UTF-16: save it as UTF-8", file: path)
        }
        let foreign: [([UInt8], String)] = [
            (Array("PAR1".utf8), "Parquet"), (Array("ARROW1".utf8), "Arrow"), ([0x1F, 0x8B], "gzip"),
            (Array("PK\u{03}\u{04}".utf8), "zip"), ([0x28, 0xB5, 0x2F, 0xFD], "zstd"),
        ]
        let ending = URL(fileURLWithPath: path).pathExtension.lowercased()
        let expected = ["csv": "CSV", "txt": "text"][ending] ?? "JSON"
        for (prefix, name) in foreign where starts(with: prefix) {
            throw DataError(
                "this is a \(name) file, not \(expected): unpack or convert it to .json or .jsonl", file: path)
        }
        let first = data.first { $0 != 0x20 && $0 != 0x0A && $0 != 0x0D && $0 != 0x09 }
        if ending != "txt", first == UInt8(ascii: "<") {
            throw DataError("this is a web page (HTML), not the data: download the raw file", file: path)
        }
    }
}
