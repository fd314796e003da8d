import Foundation
import JSON

/// Saves the pictures, sounds and videos that stand inside a data file as files of their own, in the cache: rows then name them
/// by path, and memory holds no more of them than those in use.
///
/// The names follow from the data file (its path, size and date) and the place in it, so that a file is written once.
struct EmbeddedMedia {
    private let file: String
    private let folder: String
    private var row = 0
    private var place = ""
    private var ordinal = 0
    private var isFolderMade = false
    /// Bytes of text that a batch may still give: views of Arrow may show the same bytes many times.
    private var textBudget = 0

    /// What the texts of a batch may take together.
    static let maxTextBytes = 4 << 30

    init(file: String) {
        self.file = file
        var status = stat()
        let isKnown = stat(file, &status) == 0
        let absolute = URL(fileURLWithPath: file).standardizedFileURL.path
        let identity =
            "\(absolute)|\(isKnown ? Int(status.st_size) : 0)|\(status.st_mtim.tv_sec)|\(status.st_mtim.tv_nsec)"
        // A cache that is off keeps nothing but what has to be: these files.
        folder = (CacheFolder.path ?? NSTemporaryDirectory() + "anneal") + "/media/" + Self.digest(identity)
    }

    /// Tells that the values of a row follow (from 1), or those of a column's dictionary, which come before a batch's rows.
    mutating func begin(row: Int, dictionaryOf column: Int? = nil) {
        self.row = row
        place = column.map { "\(row)d\($0)" } ?? "\(row)"
        ordinal = 0
    }

    /// Tells that a batch follows.
    mutating func beginBatch() { textBudget = Self.maxTextBytes }

    /// A value of bytes: text where they are text, else the path of a saved file.
    mutating func value(_ bytes: UnsafeRawBufferPointer, isBinary: Bool) throws(DataError) -> JSONValue {
        if isBinary, !Self.isText(bytes) { return .object([JSONMember("path", .string(try save(bytes, name: nil)))]) }
        textBudget -= bytes.count
        guard textBudget >= 0 else {
            throw DataError(
                "the texts of one batch of rows take more than \(Self.maxTextBytes >> 30) GiB", file: file, row: row)
        }
        return .string(String(decoding: bytes, as: UTF8.self))
    }

    /// Saves bytes; `name` only gives the ending.
    mutating func save(_ bytes: UnsafeRawBufferPointer, name: String?) throws(DataError) -> String {
        ordinal += 1
        let ending = name.map { URL(fileURLWithPath: $0).pathExtension.lowercased() } ?? ""
        let isPlain = (1...5).contains(ending.utf8.count) && ending.utf8.allSatisfy { isAlphanumeric($0) }
        let path = "\(folder)/\(place)-\(ordinal)" + (isPlain ? "." + ending : "")
        var status = stat()
        if stat(path, &status) == 0, Int(status.st_size) == bytes.count {
            // The cache removes what was not used for longest.
            if ordinal == 1, row <= 1 { utimes(folder, nil) }
            return path
        }
        do {
            if !isFolderMade {
                try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
                isFolderMade = true
                utimes(folder, nil)
            }
            try Data(bytes).write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            throw DataError(
                """
                a picture or sound inside the file cannot be saved to \(folder) (\(error.localizedDescription)): make room \
                there, or name another folder in the environment variable ANNEAL_CACHE
                """, file: file, row: row)
        }
        return path
    }

    /// UTF-8 without control characters but tabs and line ends.
    private static func isText(_ bytes: UnsafeRawBufferPointer) -> Bool {
        !bytes.contains { $0 < 0x20 && $0 != 0x0A && $0 != 0x0D && $0 != 0x09 }
            && String(validating: bytes, as: UTF8.self) != nil
    }

    private func isAlphanumeric(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte)
    }

    /// Two FNV-1a hashes in hexadecimal: names for files of one user, whom nobody else wants to mislead.
    private static func digest(_ text: String) -> String {
        [14_695_981_039_346_656_037, 0x9E37_79B9_7F4A_7C15].map { (start: UInt64) in
            let hash = text.utf8.reduce(start) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
            let digits = String(hash, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}
