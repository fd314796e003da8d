import Foundation
public import Scoring

/// A JSON Lines file of predictions that grows line by line and is gone on with after a stop: whole lines count, a last
/// line that was cut off does not.
///
/// Beside it, `<path>.run` says which model and settings the lines are from, so that answers of different models never
/// stand in one file.
public final class PredictionFile {
    public let path: String
    /// The lines that were there already, then those added.
    public private(set) var lines: [PredictionLine] = []
    private let handle: FileHandle

    /// Opens or makes the file.
    ///
    /// - Parameters:
    ///   - identity: what the predictions depend on.
    ///   - overwrites: begin anew whatever is there.
    /// - Throws: when the file holds predictions of another run, or something else.
    public init(path: String, identity: String, overwrites: Bool) throws {
        self.path = path
        let files = FileManager.default
        let note = "\(path).run"
        if !overwrites, let old = files.contents(atPath: path), !old.isEmpty {
            guard let recorded = try? String(contentsOfFile: note, encoding: .utf8) else {
                throw InferenceError(
                    "\(path) exists and is not from a run that can be gone on with; name another file with --save, or add --overwrite"
                )
            }
            guard recorded == identity else {
                throw InferenceError(
                    "\(path) holds predictions of another model, data set or settings (\(Self.difference(recorded, identity))); name another file with --save, or add --overwrite"
                )
            }
            lines = try Self.complete(old, path: path)
        }
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
        do {
            try files.createDirectory(at: folder, withIntermediateDirectories: true)
            try Data(identity.utf8).write(to: URL(fileURLWithPath: note), options: .atomic)
            if !files.fileExists(atPath: path) { try Data().write(to: URL(fileURLWithPath: path)) }
            handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
            try handle.truncate(atOffset: UInt64(lines.reduce(0) { $0 + $1.text.utf8.count + 1 }))
            try handle.seekToEnd()
        } catch {
            throw InferenceError("\(path) cannot be written: \(error.localizedDescription)")
        }
    }

    /// Adds a line; it is in the file when this returns.
    public func append(_ line: PredictionLine) throws {
        do { try handle.write(contentsOf: Data((line.text + "\n").utf8)) } catch {
            throw InferenceError(
                "\(path) cannot be written: \(error.localizedDescription). The lines before are safe; run again to go on."
            )
        }
        lines.append(line)
    }

    private static func complete(_ data: Data, path: String) throws -> [PredictionLine] {
        var lines: [PredictionLine] = []
        for part in data.split(separator: 0x0A, omittingEmptySubsequences: false).dropLast() {
            let text = String(decoding: part, as: UTF8.self)
            // A line that would be written otherwise was not written here.
            guard let line = PredictionLine(text: text), line.text == text else {
                throw InferenceError(
                    "\(path), line \(lines.count + 1) is no prediction of this program; name another file with --save, or add --overwrite"
                )
            }
            lines.append(line)
        }
        return lines
    }

    /// The first line of two identities that is not the same.
    private static func difference(_ old: String, _ new: String) -> String {
        let (old, new) = (old.split(separator: "\n"), new.split(separator: "\n"))
        for (before, now) in zip(old, new) where before != now { return "there \(before), now \(now)" }
        return "there \(old.count) settings, now \(new.count)"
    }
}
