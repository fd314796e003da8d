import Foundation
public import Media

/// What a user typed in a chat: text with the files it names.
///
/// A file follows its mark (`<image>photo.jpg`, quoted when it has blanks: `<image>"my photo.jpg"`); a mark without a file
/// takes the next one that was given on a line of its own (`image: photo.jpg`).
public struct ChatInput: Sendable, Equatable {
    /// The text with bare marks.
    public var text = ""
    public var images: [MediaSource] = []
    public var videos: [MediaSource] = []

    /// Files given ahead of the message they belong to.
    public struct Attachments: Sendable, Equatable {
        public var images: [String] = []
        public var videos: [String] = []
        public init() {}
    }

    /// The file of a line such as `image: photo.jpg`, and whether it is a video; nil for any other line.
    public static func attachment(_ line: String) -> (path: String, isVideo: Bool)? {
        let trimmed = line.trimmingCharacters(in: .whitespaces)
        for (word, isVideo) in [("image:", false), ("video:", true)] where trimmed.lowercased().hasPrefix(word) {
            let path = trimmed.dropFirst(word.count).trimmingCharacters(in: CharacterSet(charactersIn: " \t\"'"))
            return path.isEmpty ? nil : (path, isVideo)
        }
        return nil
    }

    /// Reads a message; attachments that no mark asks for stand before its text.
    ///
    /// - Throws: when a file does not exist or a mark has none.
    public init(_ line: String, attached: Attachments) throws {
        var attached = attached
        var rest = line[...]
        while let mark = Self.nextMark(in: rest) {
            text += rest[..<mark.range.upperBound]
            rest = rest[mark.range.upperBound...]
            let path: String
            if let found = try Self.takePath(&rest) {
                path = found
            } else if mark.isVideo ? !attached.videos.isEmpty : !attached.images.isEmpty {
                path = mark.isVideo ? attached.videos.removeFirst() : attached.images.removeFirst()
            } else {
                throw InferenceError(
                    "\(mark.isVideo ? "<video>" : "<image>") names no file: write it right behind the mark, \(mark.isVideo ? "<video>clip.mp4" : "<image>photo.jpg")"
                )
            }
            if mark.isVideo { videos.append(.file(path: path)) } else { images.append(.file(path: path)) }
        }
        text += rest
        text =
            String(repeating: "<image>", count: attached.images.count)
            + String(repeating: "<video>", count: attached.videos.count) + text
        images.insert(contentsOf: attached.images.map { .file(path: $0) }, at: 0)
        videos.insert(contentsOf: attached.videos.map { .file(path: $0) }, at: 0)
    }

    private static func nextMark(in text: Substring) -> (range: Range<Substring.Index>, isVideo: Bool)? {
        let image = text.range(of: "<image>"), video = text.range(of: "<video>")
        if let image, video == nil || image.lowerBound < video?.lowerBound ?? text.endIndex { return (image, false) }
        return video.map { ($0, true) }
    }

    /// The file right behind a mark. Text may follow without a blank (as Chinese does): the longest beginning that is a
    /// file counts.
    private static func takePath(_ text: inout Substring) throws -> String? {
        if let quote = text.first, quote == "\"" || quote == "'", let end = text.dropFirst().firstIndex(of: quote) {
            let path = String(text[text.index(after: text.startIndex)..<end])
            text = text[text.index(after: end)...]
            return try existing(path)
        }
        let word = text.prefix { !$0.isWhitespace && $0 != "<" }
        if word.isEmpty { return nil }
        var candidate = word
        while !candidate.isEmpty {
            if let path = try? existing(String(candidate)) {
                text = text[candidate.endIndex...]
                return path
            }
            candidate = candidate.dropLast()
        }
        throw InferenceError("there is no file \(word)")
    }

    /// The path with `~` replaced.
    ///
    /// - Throws: when it is no file.
    public static func existing(_ path: String) throws -> String {
        let full = path.hasPrefix("~/") ? FileManager.default.homeDirectoryForCurrentUser.path + path.dropFirst() : path
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: full, isDirectory: &isFolder), !isFolder.boolValue else {
            throw InferenceError("there is no file \(path)")
        }
        return full
    }
}
