import Foundation
import JSON

/// The output and, beside it, what is done (`OUTPUT.progress`): a run that was killed at any point goes on without losing or
/// repeating a row.
///
/// The output is written first. A line of progress tells how long it is then, so that what a killed run wrote and did not
/// record is cut off again.
struct AugmentOutput {
    /// A row and the number of one of its replies, from 1.
    struct Task: Sendable, Hashable {
        let row: Int
        let variant: Int
    }

    private let path: String
    private var output: FileHandle
    private var progress: FileHandle
    private var numBytes = 0
    /// What need not be asked again.
    private(set) var done: Set<Task> = []
    /// Earlier results: nil for kept rows, else the reason.
    private(set) var earlier: [String?] = []
    /// The output's rows so far.
    private(set) var rows: [JSONValue] = []

    /// Opens or begins an output.
    ///
    /// - Parameter identity: what decides the rows; an unfinished output of something else is refused.
    /// - Throws: `AugmentError` that says what to do.
    init(path: String, identity: String, overwrites: Bool) throws(AugmentError) {
        self.path = path
        let files = FileManager.default
        let progressPath = path + ".progress"
        if overwrites {
            try? files.removeItem(atPath: path)
            try? files.removeItem(atPath: progressPath)
        }
        let head = JSONValue.object([JSONMember("settings", .string(Self.digest(identity)))])
        var lines = (files.contents(atPath: progressPath) ?? Data()).split(separator: 0x0A)
        var known = lines.compactMap { try? JSONValue(parsing: Array($0)) }
        // A run that did nothing, for instance with a wrong key, binds nobody.
        if known.count == 1 {
            try? files.removeItem(atPath: path)
            try? files.removeItem(atPath: progressPath)
            (lines, known) = ([], [])
        }
        if let first = known.first {
            guard first == head else {
                throw AugmentError(
                    "\(path) was begun with other settings or data: add --overwrite, or name another output")
            }
        } else if files.fileExists(atPath: path) {
            throw AugmentError("\(path) exists: add --overwrite, or name another output")
        }
        for line in known.dropFirst() {
            guard let row = line["row"]?.intValue, let variant = line["variant"]?.intValue,
                let bytes = line["bytes"]?.intValue
            else { continue }
            done.insert(Task(row: row, variant: variant))
            earlier.append(line["dropped"]?.stringValue)
            numBytes = bytes
        }
        do {
            for file in [path, progressPath] where !files.fileExists(atPath: file) {
                try Data().write(to: URL(fileURLWithPath: file))
            }
            output = try FileHandle(forUpdating: URL(fileURLWithPath: path))
            progress = try FileHandle(forUpdating: URL(fileURLWithPath: progressPath))
            guard try output.seekToEnd() >= UInt64(numBytes) else {
                throw AugmentError("\(path) is shorter than its record says: add --overwrite to begin anew")
            }
            try output.truncate(atOffset: UInt64(numBytes))
            try output.seek(toOffset: 0)
            let written = try output.readToEnd() ?? Data()
            rows = written.split(separator: 0x0A).compactMap { try? JSONValue(parsing: Array($0)) }
            // A line that a killed run did not finish.
            let whole =
                lines.isEmpty
                ? 0 : (files.contents(atPath: progressPath) ?? Data()).lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
            try progress.truncate(atOffset: UInt64(whole))
            if known.isEmpty { try progress.write(contentsOf: Data((head.text() + "\n").utf8)) }
            try progress.seekToEnd()
        } catch let error as AugmentError {
            throw error
        } catch {
            throw AugmentError("\(path) cannot be written: \(error.localizedDescription)")
        }
    }

    /// Writes a row and records it, or records why there is none.
    mutating func finish(_ task: Task, row: JSONValue?, dropped: String?) throws(AugmentError) {
        do {
            if let row {
                let line = Data((row.text() + "\n").utf8)
                try output.seek(toOffset: UInt64(numBytes))
                try output.write(contentsOf: line)
                numBytes += line.count
            }
            var members = [
                JSONMember("row", .int(task.row)), JSONMember("variant", .int(task.variant)),
                JSONMember("bytes", .int(numBytes)),
            ]
            if let dropped { members.append(JSONMember("dropped", .string(dropped))) }
            try progress.write(contentsOf: Data((JSONValue.object(members).text() + "\n").utf8))
        } catch {
            throw AugmentError("\(path) cannot be written: \(error.localizedDescription)")
        }
    }

    private static func digest(_ text: String) -> String {
        String(
            text.utf8.reduce(14_695_981_039_346_656_037 as UInt64) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }, radix: 16
        )
    }
}
