import Foundation
import Media

/// Fetches the pictures and videos that requests name, within the server's limits.
struct MediaLoader: Sendable {
    let settings: ServerSettings

    /// Reads media in order. Nothing is opened that the server does not allow.
    func load(_ references: [MediaReference], isVideo: Bool) async throws -> [MediaSource] {
        var sources: [MediaSource] = []
        for reference in references {
            let source = try await load(reference, isVideo: isVideo)
            try check(source, reference, isVideo: isVideo)
            sources.append(source)
        }
        return sources
    }

    private func load(_ reference: MediaReference, isVideo: Bool) async throws -> MediaSource {
        let url = reference.url
        let start = url.prefix(8).lowercased()
        if start.hasPrefix("data:") { return .bytes(try decode(reference, isVideo: isVideo)) }
        if start.hasPrefix("file:") || start.hasPrefix("/") || start.hasPrefix(".") {
            return .file(path: try LocalMedia(folder: settings.localMediaFolder).path(of: reference))
        }
        guard start.hasPrefix("http:") || start.hasPrefix("https:") else {
            throw APIError.invalid(
                reference.field, "\(quoted(url)) is no data:, http: or https: URL")
        }
        return .bytes(try await RemoteMedia(settings: settings).fetch(reference))
    }

    /// The bytes of `data:image/png;base64,…`.
    private func decode(_ reference: MediaReference, isVideo: Bool) throws(APIError) -> Data {
        let wanted = isVideo ? "video" : "image"
        guard let comma = reference.url.utf8.firstIndex(of: UInt8(ascii: ",")) else {
            throw .invalid(reference.field, "the data URL has no comma; write data:\(wanted)/TYPE;base64,BYTES")
        }
        let head = reference.url[..<comma].dropFirst(5).lowercased().split(separator: ";")
        guard head.last == "base64" else { throw .invalid(reference.field, "the data URL must be base64") }
        guard let type = head.first, type.hasPrefix("\(wanted)/"), type != "video/jpeg" else {
            throw .invalid(
                reference.field, "the data URL is \(quoted(String(head.first ?? ""))), where \(wanted)/… is wanted")
        }
        let text = reference.url[reference.url.utf8.index(after: comma)...]
        guard text.utf8.count / 4 * 3 <= settings.maxMediaBytes else {
            throw APIError(
                413, "\(reference.field): the file is larger than \(settings.maxMediaBytes) bytes",
                parameter: reference.field)
        }
        guard let data = Data(base64Encoded: String(text)), !data.isEmpty else {
            throw .invalid(reference.field, "the data URL is not valid base64")
        }
        return data
    }

    /// Looks at the header, before anything is decoded.
    private func check(_ source: MediaSource, _ reference: MediaReference, isVideo: Bool) throws {
        let limits = DecodeLimits(
            maxPixels: settings.maxImagePixels, maxImageBytes: settings.maxMediaBytes, maxFrames: 100_000)
        do {
            if isVideo {
                _ = try source.videoInfo(limits: limits)
            } else {
                _ = try Image.size(of: source, limits: limits)
            }
        } catch let error as MediaError {
            throw APIError.invalid(reference.field, error.reason)
        }
    }
}
