import Foundation

/// Files of the server's machine that requests may name: those below one folder, wherever links lead.
struct LocalMedia: Sendable {
    /// Nil allows none.
    let folder: String?

    /// The real path of a file.
    ///
    /// The message is the same for a missing file and one outside, so that nobody learns what exists.
    func path(of reference: MediaReference) throws(APIError) -> String {
        guard let folder, let root = Self.realPath(folder) else {
            throw APIError(
                403,
                "\(reference.field): local files are not allowed; send a data: URL, or start the server with --allowed-local-media-path",
                type: "permission_error", parameter: reference.field)
        }
        var path = reference.url
        if path.lowercased().hasPrefix("file://") { path = String(path.dropFirst(7)) }
        if path.lowercased().hasPrefix("file:") { path = String(path.dropFirst(5)) }
        path = path.removingPercentEncoding ?? ""
        if !path.hasPrefix("/") { path = root + "/" + path }
        guard !path.contains("\0"), let real = Self.realPath(path), real.hasPrefix(root == "/" ? root : root + "/")
        else {
            throw APIError(
                403, "\(reference.field): no such file below the allowed folder", type: "permission_error",
                parameter: reference.field)
        }
        return real
    }

    private static func realPath(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
