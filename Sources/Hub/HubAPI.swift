import Foundation
import JSON
import Web

/// The addresses and answers of the two hubs.
struct HubAPI: Sendable {
    let environment: HubEnvironment
    let host: HubRepository.Host

    /// Headers with the user's key; empty without one.
    var secretHeaders: [(String, String)] {
        guard let token = environment.token(host) else { return [] }
        let bearer = ("Authorization", "Bearer \(token)")
        return host == .huggingface ? [bearer] : [bearer, ("Cookie", "m_session_id=\(token)")]
    }

    /// The address of the list of files; ModelScope gives data sets page by page.
    func listURL(_ repository: HubRepository, page: Int) -> String {
        let base = environment.endpoint(host)
        let revision = Self.escaped(repository.revision, keeping: "")
        switch host {
        case .huggingface:
            return "\(base)/api/\(repository.kind.rawValue)s/\(repository.id)/revision/\(revision)?blobs=true"
        case .modelscope where repository.kind == .model:
            return "\(base)/api/v1/models/\(repository.id)/repo/files?Revision=\(revision)&Recursive=True"
        case .modelscope:
            return "\(base)/api/v1/datasets/\(repository.id)/repo/tree?Revision=\(revision)&Recursive=True"
                + "&PageNumber=\(page)&PageSize=\(Self.pageSize)"
        }
    }

    static let pageSize = 200
    /// More pages than this are no data set but a server that never ends.
    static let maxPages = 5_000
    /// ModelScope silently ends a list of a model's files there.
    static let modelScopeListLimit = 3_000

    /// The address of a file's content.
    func fileURL(_ path: String, _ listing: HubListing) -> String {
        let base = environment.endpoint(host)
        let repository = listing.repository
        switch host {
        case .huggingface:
            let prefix = repository.kind == .dataset ? "datasets/" : ""
            return "\(base)/\(prefix)\(repository.id)/resolve/\(Self.escaped(listing.commit, keeping: ""))/"
                + Self.escaped(path, keeping: "/")
        case .modelscope:
            return "\(base)/api/v1/\(repository.kind.rawValue)s/\(repository.id)/repo?Revision="
                + "\(Self.escaped(repository.revision, keeping: ""))&FilePath=\(Self.escaped(path, keeping: ""))"
        }
    }

    private static func escaped(_ text: String, keeping: String) -> String {
        let plain = CharacterSet(
            charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~" + keeping)
        return text.addingPercentEncoding(withAllowedCharacters: plain) ?? text
    }

    /// The commit and files of Hugging Face's answer.
    func huggingFaceFiles(_ answer: JSONValue, _ repository: HubRepository) throws(HubError) -> (String, [HubFile]) {
        guard let commit = answer["sha"]?.stringValue, let siblings = answer["siblings"]?.arrayValue else {
            throw HubError(
                "\(repository): the hub's answer is no list of files; is \(environment.endpoint(host)) a hub?")
        }
        try HubFile.check(commit)
        var files: [HubFile] = []
        for sibling in siblings {
            guard let path = sibling["rfilename"]?.stringValue else { continue }
            let large = sibling["lfs"]
            let digits = large?["sha256"]?.stringValue ?? large?["oid"]?.stringValue ?? sibling["blobId"]?.stringValue
            files.append(
                try HubFile(
                    path: path, size: sibling["size"]?.intValue ?? large?["size"]?.intValue,
                    checksum: HubFile.checksum(digits)))
        }
        return (commit, files)
    }

    /// The files of a page of ModelScope's answer, and how many entries it had.
    func modelScopeFiles(_ answer: JSONValue, _ repository: HubRepository) throws(HubError) -> ([HubFile], Int) {
        let data = answer["Data"] ?? answer
        guard let entries = data.arrayValue ?? (data["Files"] ?? data["files"])?.arrayValue else {
            throw HubError(
                "\(repository): the hub's answer is no list of files; is \(environment.endpoint(host)) a hub?")
        }
        var files: [HubFile] = []
        for entry in entries where (entry["Type"] ?? entry["type"])?.stringValue != "tree" {
            guard let path = (entry["Path"] ?? entry["path"])?.stringValue else { continue }
            let digits = (entry["Sha256"] ?? entry["sha256"])?.stringValue
            files.append(
                try HubFile(
                    path: path, size: (entry["Size"] ?? entry["size"])?.intValue, checksum: HubFile.checksum(digits)))
        }
        return (files, entries.count)
    }
}
