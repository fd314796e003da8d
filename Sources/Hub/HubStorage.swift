import Foundation

/// Where files of a repository come to lie.
///
/// Hugging Face's cache keeps contents under their checksums (`blobs`) and links to them from a folder for each commit, with the
/// commits of branches in `refs`: the layout of huggingface_hub, so that both programs share what either downloaded.
/// ModelScope's cache and `--local-dir` are plain folders.
struct HubStorage: Sendable {
    /// The folder that has the repository's files under their own names.
    let folder: String
    /// Hugging Face's folder of the repository, above `blobs`; nil for plain folders.
    private let root: String?

    init(plain folder: String) { self.init(folder: folder, root: nil) }

    /// The cache's folder of a repository at a commit.
    init(_ repository: HubRepository, commit: String, _ environment: HubEnvironment) {
        switch repository.host {
        case .huggingface:
            let root = Self.root(repository, environment)
            self.init(folder: "\(root)/snapshots/\(commit)", root: root)
        case .modelscope: self.init(plain: Self.modelScopeFolders(repository, environment)[0])
        }
    }

    private init(folder: String, root: String?) {
        self.folder = folder
        self.root = root
    }

    /// "…/models--org--name"
    static func root(_ repository: HubRepository, _ environment: HubEnvironment) -> String {
        let name = repository.id.replacingOccurrences(of: "/", with: "--")
        return "\(environment.huggingFaceCache)/\(repository.kind.rawValue)s--\(name)"
    }

    /// Where ModelScope's clients of several ages keep a repository; the first is written to.
    ///
    /// The layout has no place for revisions: others than the main branch are kept beside it.
    static func modelScopeFolders(_ repository: HubRepository, _ environment: HubEnvironment) -> [String] {
        let cache = environment.modelScopeCache
        let segment = repository.kind.rawValue + "s"
        let parts = repository.id.split(separator: "/").map(String.init)
        let masked = parts[0] + "/" + parts[1].replacingOccurrences(of: ".", with: "___")
        guard repository.revision == "master" else {
            return ["\(cache)/\(segment)/\(masked)@\(repository.revision.replacingOccurrences(of: "/", with: "--"))"]
        }
        let folders = [
            "\(cache)/\(segment)/\(masked)", "\(cache)/\(masked)", "\(cache)/hub/\(segment)/\(masked)",
            "\(cache)/\(segment)/\(parts.joined(separator: "--"))/snapshots/master",
            "\(cache)/../\(segment)/\(parts.joined(separator: "--"))/snapshots/master",
        ]
        let existing = folders.filter { folder in
            !((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).isEmpty
        }
        return existing.isEmpty ? folders : existing
    }

    /// The folder of an earlier download; nil when there is none.
    static func cached(_ repository: HubRepository, _ environment: HubEnvironment) -> (folder: String, commit: String)?
    {
        let files = FileManager.default
        switch repository.host {
        case .huggingface:
            let root = root(repository, environment)
            let reference = files.contents(atPath: "\(root)/refs/\(repository.revision)")
                .map { String(decoding: $0, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines) }
            let commit = reference ?? repository.revision
            guard (try? HubFile.check(commit)) != nil, files.fileExists(atPath: "\(root)/snapshots/\(commit)") else {
                return nil
            }
            return ("\(root)/snapshots/\(commit)", commit)
        case .modelscope:
            return modelScopeFolders(repository, environment).first { files.fileExists(atPath: $0) }
                .map { ($0, repository.revision) }
        }
    }

    /// Where a file's content is written.
    func destination(_ file: HubFile) -> String {
        guard let root, let checksum = file.checksum else { return "\(folder)/\(file.path)" }
        switch checksum {
        case .sha256(let digits), .gitBlob(let digits): return "\(root)/blobs/\(digits)"
        }
    }

    /// Whether a file is there in full.
    func has(_ file: HubFile) -> Bool {
        var status = stat()
        guard stat(destination(file), &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return false }
        return file.size == nil || Int(status.st_size) == file.size
    }

    /// Gives a downloaded file its name.
    func publish(_ file: HubFile) throws(HubError) {
        let path = "\(folder)/\(file.path)"
        let content = destination(file)
        guard content != path else { return }
        let files = FileManager.default
        let depth = file.path.split(separator: "/").count + 1
        let digits = content.split(separator: "/").last.map(String.init) ?? ""
        let target = String(repeating: "../", count: depth) + "blobs/" + digits
        guard (try? files.destinationOfSymbolicLink(atPath: path)) != target else { return }
        do {
            try files.createDirectory(
                at: URL(fileURLWithPath: path).deletingLastPathComponent(), withIntermediateDirectories: true)
            // One rename, so that a reader never finds nothing.
            let temporary = path + ".\(getpid()).tmp"
            try? files.removeItem(atPath: temporary)
            try files.createSymbolicLink(atPath: temporary, withDestinationPath: target)
            guard rename(temporary, path) == 0 else { throw CocoaError(.fileWriteUnknown) }
        } catch {
            throw HubError("\(path) cannot be written (\(error.localizedDescription))")
        }
    }

    /// Remembers which commit a branch stood for, for the time without a network.
    func remember(_ listing: HubListing) throws(HubError) {
        guard let root, listing.repository.revision != listing.commit else { return }
        let url = URL(fileURLWithPath: "\(root)/refs/\(listing.repository.revision)")
        do {
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(listing.commit.utf8).write(to: url, options: .atomic)
        } catch {
            throw HubError("\(url.path) cannot be written (\(error.localizedDescription))")
        }
    }
}
