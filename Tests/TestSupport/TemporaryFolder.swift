public import Foundation

/// A folder that goes away with its owner.
public final class TemporaryFolder: Sendable {
    public let path: String

    /// Makes the folder with these files: paths inside it and their texts.
    public init(_ files: [String: String] = [:]) throws {
        path = FileManager.default.temporaryDirectory.path + "/anneal-tests-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        for (name, text) in files { try write(name, text) }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Runs `body` with the path of a folder that is gone afterwards.
    @discardableResult
    public static func with<Result>(_ body: (String) throws -> Result) throws -> Result {
        let folder = try TemporaryFolder()
        return try withExtendedLifetime(folder) { try body(folder.path) }
    }

    /// Writes a file into the folder or a folder inside it; returns its path.
    @discardableResult
    public func write(_ name: String, _ bytes: Data) throws -> String {
        let url = URL(fileURLWithPath: "\(path)/\(name)")
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try bytes.write(to: url)
        return url.path
    }

    /// Writes a text file; see ``write(_:_:)-(_,Data)``.
    @discardableResult
    public func write(_ name: String, _ text: String) throws -> String { try write(name, Data(text.utf8)) }

    /// A copy of `source` under `name`.
    @discardableResult
    public func copy(_ source: String, as name: String) throws -> String {
        try FileManager.default.copyItem(atPath: source, toPath: "\(path)/\(name)")
        return "\(path)/\(name)"
    }

    /// The text of a file in the folder.
    public func text(_ name: String) throws -> String { try String(contentsOfFile: "\(path)/\(name)", encoding: .utf8) }
}
