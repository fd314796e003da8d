import Foundation
import JSON
import Media

/// Finds the files that rows name, and remembers what it could not find.
struct MediaResolver {
    /// Folder that relative paths start from.
    let mediaFolder: String
    /// What could not be found, with the row that names it.
    private(set) var missing: [(path: String, column: String?, origin: RowOrigin)] = []
    /// What the user should see.
    private(set) var warnings: [String] = []

    init(mediaFolder: String) { self.mediaFolder = mediaFolder }

    /// The media of a column: a path, a list of paths, or (for videos) lists of the paths of frames; null is none.
    ///
    /// - Parameter areVideos: whether a folder is a video, its pictures the frames.
    mutating func sources(
        _ value: JSONValue?, column: String?, areVideos: Bool = false, origin: RowOrigin
    ) throws(DataError) -> [MediaSource] {
        guard let value, !value.isNull else { return [] }
        let elements = value.arrayValue ?? [value]
        var sources: [MediaSource] = []
        for element in elements {
            if let frames = element.arrayValue {
                var paths: [String] = []
                for frame in frames { paths.append(try path(of: frame, column: column, origin: origin)) }
                sources.append(.frames(paths: paths.map { resolve($0, column, origin: origin) }))
            } else {
                let path = try path(of: element, column: column, origin: origin)
                if areVideos, let folder = folder(path, origin) {
                    sources.append(.frames(paths: try frames(in: folder, origin)))
                    continue
                }
                sources.append(
                    path.hasPrefix("data:")
                        ? try inlineSource(path, column: column, origin: origin)
                        : .file(path: resolve(path, column, origin: origin)))
            }
        }
        return sources
    }

    /// The folder that a path of a video means; nil when it is none.
    private func folder(_ path: String, _ origin: RowOrigin) -> String? {
        let beside = URL(fileURLWithPath: origin.file).deletingLastPathComponent().path
        return [Self.join(mediaFolder, path), path, Self.join(beside, path)].first { candidate in
            var isFolder: ObjCBool = false
            return FileManager.default.fileExists(atPath: candidate, isDirectory: &isFolder) && isFolder.boolValue
        }
    }

    /// The pictures of a folder in the order of their names, in which numbers count as numbers: 2.png comes before 10.png.
    private func frames(in folder: String, _ origin: RowOrigin) throws(DataError) -> [String] {
        let endings = ["jpg", "jpeg", "png", "webp", "bmp", "gif", "tiff"]
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter { name in
            !name.hasPrefix(".") && endings.contains(URL(fileURLWithPath: name).pathExtension.lowercased())
        }
        guard !names.isEmpty else {
            throw error("the folder \(folder) has no pictures to be the frames of a video", origin)
        }
        let sorted = names.sorted { first, second in
            let order = first.compare(second, options: .numeric)
            return order == .orderedSame ? first < second : order == .orderedAscending
        }
        return sorted.map { Self.join(folder, $0) }
    }

    private func path(of value: JSONValue, column: String?, origin: RowOrigin) throws(DataError) -> String {
        // Hugging Face writes {"bytes": null, "path": "…"}.
        let value = value["path"].flatMap { $0.stringValue == nil ? nil : $0 } ?? value
        guard let path = value.stringValue, !path.isEmpty else {
            throw error("column '\(column ?? "")' should hold paths, it holds \(value.kind)", origin)
        }
        let scheme = path.prefix { $0 != ":" }.lowercased()
        if path.contains("://"), ["http", "https", "s3", "gs", "ftp", "oss"].contains(scheme) {
            throw error(
                "'\(path)' is on the network, from which nothing is read: download it and name the file", origin)
        }
        return path.hasPrefix("file://") ? String(path.dropFirst("file://".count)) : path
    }

    private func inlineSource(_ url: String, column: String?, origin: RowOrigin) throws(DataError) -> MediaSource {
        guard let comma = url.firstIndex(of: ","), url[..<comma].hasSuffix(";base64"),
            let data = Data(base64Encoded: String(url[url.index(after: comma)...]))
        else { throw error("column '\(column ?? "")' holds a data URL that is not base64", origin) }
        return .bytes(data)
    }

    /// The path below `mediaFolder` if the file is there; as it is if it exists so; beside the data file; else missing.
    private mutating func resolve(_ path: String, _ column: String?, origin: RowOrigin) -> String {
        let below = Self.join(mediaFolder, path)
        if Self.isFile(below) { return below }
        if Self.isFile(path) {
            warn(
                "media such as '\(path)' do not exist in `media_dir` (\(mediaFolder)): their paths are used as they are"
            )
            return path
        }
        let beside = Self.join(URL(fileURLWithPath: origin.file).deletingLastPathComponent().path, path)
        if Self.isFile(beside) {
            warn(
                "media such as '\(path)' do not exist in `media_dir` (\(mediaFolder)): they were found beside \(origin.file)"
            )
            return beside
        }
        missing.append((path, column, origin))
        return path
    }

    /// An error that names the first missing files; nil when all are there.
    func missingError(dataset: String) -> DataError? {
        guard let first = missing.first else { return nil }
        let others = missing.dropFirst().prefix(4).map { "'\($0.path)' (row \($0.origin.row))" }
        let rest = missing.count > 1 + others.count ? " and \(missing.count - 1 - others.count) more" : ""
        let more = others.isEmpty ? "" : "; also missing: " + others.joined(separator: ", ") + rest
        return DataError(
            """
            \(first.column.map { "column '\($0)': " } ?? "")the file '\(first.path)' does not exist in `media_dir` (\(mediaFolder)), nor from the working directory, nor beside \
            the data: correct the path or set `media_dir`\(more)
            """, dataset: dataset, file: first.origin.file, row: first.origin.row)
    }

    /// Takes over what another resolver found out about later rows.
    mutating func absorb(_ other: MediaResolver) {
        missing += other.missing
        other.warnings.forEach { warn($0) }
    }

    private mutating func warn(_ message: String) {
        // One of a kind is enough.
        if !warnings.contains(where: { $0.hasSuffix(message.suffix(40)) }) { warnings.append(message) }
    }

    private func error(_ message: String, _ origin: RowOrigin) -> DataError {
        DataError(message, dataset: origin.dataset, file: origin.file, row: origin.row)
    }

    /// Python's `os.path.join`.
    static func join(_ folder: String, _ path: String) -> String {
        if path.hasPrefix("/") || folder.isEmpty { return path }
        return folder.hasSuffix("/") ? folder + path : folder + "/" + path
    }

    private static func isFile(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && !isFolder.boolValue
    }
}
