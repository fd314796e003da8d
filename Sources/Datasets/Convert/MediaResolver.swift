import Foundation
import JSON
import Media

/// Finds the files that rows name.
struct MediaResolver {
    /// Folder that relative paths start from.
    let mediaFolder: String
    /// What the user should see.
    private(set) var warnings: [String] = []

    init(mediaFolder: String) { self.mediaFolder = mediaFolder }

    /// The media of a column: a path, a list of paths, or (for videos) lists of the paths of frames; null is none.
    ///
    /// - Parameters:
    ///   - areVideos: whether a folder is a video, its pictures the frames.
    ///   - dataFile: the file of the row, beside which media may lie.
    mutating func sources(
        _ value: JSONValue?, column: String?, areVideos: Bool = false, dataFile: String
    ) throws(RecordConverter.Unusable) -> [MediaSource] {
        guard let value, !value.isNull else { return [] }
        let elements = value.arrayValue ?? [value]
        let column = column ?? ""
        var sources: [MediaSource] = []
        for element in elements {
            if let frames = element.arrayValue {
                var paths: [String] = []
                for frame in frames { paths.append(try resolve(try path(of: frame, column), column, dataFile)) }
                sources.append(.frames(paths: paths))
            } else {
                let path = try path(of: element, column)
                if areVideos, let folder = folder(path, dataFile) {
                    sources.append(.frames(paths: try frames(in: folder)))
                    continue
                }
                sources.append(
                    path.hasPrefix("data:")
                        ? try inlineSource(path, column) : .file(path: try resolve(path, column, dataFile)))
            }
        }
        return sources
    }

    /// The folder that a path of a video means; nil when it is none.
    private func folder(_ path: String, _ dataFile: String) -> String? {
        let beside = URL(fileURLWithPath: dataFile).deletingLastPathComponent().path
        return [Self.join(mediaFolder, path), path, Self.join(beside, path)].first { candidate in
            var isFolder: ObjCBool = false
            return FileManager.default.fileExists(atPath: candidate, isDirectory: &isFolder) && isFolder.boolValue
        }
    }

    /// The pictures of a folder in the order of their names, in which numbers count as numbers: 2.png comes before 10.png.
    private func frames(in folder: String) throws(RecordConverter.Unusable) -> [String] {
        let endings = ["jpg", "jpeg", "png", "webp", "bmp", "gif", "tiff"]
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter { name in
            !name.hasPrefix(".") && endings.contains(URL(fileURLWithPath: name).pathExtension.lowercased())
        }
        guard !names.isEmpty else {
            throw mistake("the folder has no pictures to be the frames of a video: name another one", folder)
        }
        let sorted = names.sorted { first, second in
            let order = first.compare(second, options: .numeric)
            return order == .orderedSame ? first < second : order == .orderedAscending
        }
        return sorted.map { Self.join(folder, $0) }
    }

    private func path(of value: JSONValue, _ column: String) throws(RecordConverter.Unusable) -> String {
        // Hugging Face writes {"bytes": null, "path": "…"}.
        let value = value["path"].flatMap { $0.stringValue == nil ? nil : $0 } ?? value
        guard let path = value.stringValue, !path.isEmpty else {
            throw mistake("column '\(column)' should hold paths, it holds \(value.kind)")
        }
        let scheme = path.prefix { $0 != ":" }.lowercased()
        if path.contains("://"), ["http", "https", "s3", "gs", "ftp", "oss"].contains(scheme) {
            throw mistake(
                "column '\(column)': the file is on the network, from which nothing is read: download it and name the file",
                path)
        }
        return path.hasPrefix("file://") ? String(path.dropFirst("file://".count)) : path
    }

    private func inlineSource(_ url: String, _ column: String) throws(RecordConverter.Unusable) -> MediaSource {
        guard let comma = url.firstIndex(of: ","), url[..<comma].hasSuffix(";base64"),
            let data = Data(base64Encoded: String(url[url.index(after: comma)...]))
        else { throw mistake("column '\(column)' holds a data URL that is not base64") }
        return .bytes(data)
    }

    /// The path below `mediaFolder` if the file is there; as it is if it exists so; beside the data file.
    private mutating func resolve(
        _ path: String, _ column: String, _ dataFile: String
    ) throws(RecordConverter.Unusable) -> String {
        let below = Self.join(mediaFolder, path)
        if Self.isFile(below) { return below }
        if Self.isFile(path) {
            warn(
                "media such as '\(path)' do not exist in `media_dir` (\(mediaFolder)): their paths are used as they are"
            )
            return path
        }
        let beside = Self.join(URL(fileURLWithPath: dataFile).deletingLastPathComponent().path, path)
        if Self.isFile(beside) {
            warn(
                "media such as '\(path)' do not exist in `media_dir` (\(mediaFolder)): they were found beside \(dataFile)"
            )
            return beside
        }
        throw mistake(
            """
            column '\(column)': the file does not exist in `media_dir` (\(mediaFolder)), nor from the working directory, nor \
            beside the data: correct the path or set `media_dir`
            """, path)
    }

    /// Takes over what another resolver found out about later rows.
    mutating func absorb(_ other: MediaResolver) {
        other.warnings.forEach { warn($0) }
    }

    private mutating func warn(_ message: String) {
        // One of a kind is enough.
        if !warnings.contains(where: { $0.hasSuffix(message.suffix(40)) }) { warnings.append(message) }
    }

    private func mistake(_ text: String, _ path: String? = nil) -> RecordConverter.Unusable {
        RecordConverter.Unusable(text, detail: path, isMistake: true)
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
