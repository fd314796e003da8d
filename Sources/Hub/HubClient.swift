import Basics
import Foundation
import JSON
import Reporting
public import Web

/// Lists and downloads repositories of Hugging Face's and ModelScope's hubs, into the caches that their own programs use.
public struct HubClient: Sendable {
    private let environment: HubEnvironment
    private let web: WebClient
    private let retry: RetryPolicy
    private let say: @Sendable (String) -> Void
    /// Files that are downloaded at the same time.
    private let numParallel = 4
    /// A list of files beyond this is not one.
    private static let maxListBytes = 256 << 20

    /// - Parameters:
    ///   - environment: the hubs' settings.
    ///   - say: receives a line that tells what is downloaded where.
    public init(
        _ environment: HubEnvironment = HubEnvironment(), web: WebClient = WebClient(),
        retry: RetryPolicy = RetryPolicy(),
        say: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.environment = environment
        self.web = web
        self.retry = retry
        self.say = say
    }

    /// Ends all connections.
    public func close() async { await web.close() }

    /// The files of a repository: asked of the hub, or, without a network, those of an earlier download.
    public func list(_ repository: HubRepository) async throws -> HubListing {
        let cached = HubStorage.cached(repository, environment)
        if environment.isOffline {
            guard let cached else {
                throw HubError(
                    "\(repository) is not in the cache, and HF_HUB_OFFLINE forbids downloading: unset it, or name a folder"
                )
            }
            return try cachedListing(repository, cached)
        }
        do {
            return try await askedListing(repository, isPatient: cached == nil)
        } catch let error as HubError where error.isUnreachable {
            guard let cached else { throw error }
            say("The hub cannot be reached (\(error)); using the earlier download in \(cached.folder)")
            return try cachedListing(repository, cached)
        }
    }

    /// Downloads files of a listing that are not there yet.
    ///
    /// - Parameter localFolder: where to; nil takes the hub's cache.
    /// - Returns: the folder that has them under their own names.
    public func download(_ files: [HubFile], of listing: HubListing, localFolder: String? = nil) async throws -> String
    {
        let repository = listing.repository
        if let folder = listing.cachedFolder { return folder }
        let storage =
            localFolder.map(HubStorage.init(plain:))
            ?? HubStorage(repository, commit: listing.commit, environment)
        let files = try await withChecksums(files, listing)
        let wanted = files.filter { !storage.has($0) }
        let bytes = wanted.reduce(0) { $0 + ($1.size ?? 0) }
        if !wanted.isEmpty {
            say(
                "Downloading \(repository): \(wanted.count) of \(files.count) files, \(bytes.byteText), to \(storage.folder)"
            )
            try checkSpace(bytes, storage.folder, wanted.map(storage.destination))
            try await fetch(wanted, listing, storage, bytes)
        }
        for file in files { try storage.publish(file) }
        try storage.remember(listing)
        return storage.folder
    }

    /// Lists, chooses and downloads.
    public func download(
        _ repository: HubRepository, _ selection: HubSelection = HubSelection(), localFolder: String? = nil
    ) async throws -> String {
        let listing = try await list(repository)
        let files = try selection.files(of: listing.files, in: repository)
        return try await download(files, of: listing, localFolder: localFolder)
    }

    /// Downloads the data files of a split of a data set.
    ///
    /// - Parameters:
    ///   - subset: a configuration of the data set; nil takes its default one.
    ///   - folder: only files below it.
    /// - Returns: their paths on this machine, in the order of their names.
    public func dataFiles(
        _ repository: HubRepository, subset: String? = nil, split: String = "train", folder: String? = nil
    ) async throws -> [String] {
        let listing = try await list(repository)
        var readme: String?
        if let file = listing.files.first(where: { $0.path == "README.md" }) {
            let place = try await download([file], of: listing)
            readme = FileManager.default.contents(atPath: "\(place)/README.md").map {
                String(decoding: $0, as: UTF8.self)
            }
        }
        let names = try DatasetFiles(listing.files.map(\.path), readme: readme, repository)
            .files(subset: subset, split: split, folder: folder)
        let wanted = Set(names)
        let place = try await download(listing.files.filter { wanted.contains($0.path) }, of: listing)
        return names.map { "\(place)/\($0)" }
    }

    // MARK: Listing

    private func askedListing(_ repository: HubRepository, isPatient: Bool) async throws -> HubListing {
        let api = HubAPI(environment: environment, host: repository.host)
        var files: [HubFile] = []
        for page in 1...HubAPI.maxPages {
            let answer = try await json(api.listURL(repository, page: page), api, repository, isPatient)
            guard repository.host == .modelscope else {
                let (commit, files) = try api.huggingFaceFiles(answer, repository)
                return HubListing(repository: repository, commit: commit, files: files)
            }
            let (more, numEntries) = try api.modelScopeFiles(answer, repository)
            files += more
            if repository.kind == .model, numEntries >= HubAPI.modelScopeListLimit {
                throw HubError("\(repository) has more files than its hub lists at once: download it with git")
            }
            guard repository.kind == .dataset, numEntries >= HubAPI.pageSize else { break }
        }
        return HubListing(repository: repository, commit: repository.revision, files: files)
    }

    private func json(
        _ url: String, _ api: HubAPI, _ repository: HubRepository, _ isPatient: Bool
    ) async throws -> JSONValue {
        var policy = retry
        // With an earlier download at hand nobody wants to wait for a network that is not there.
        if !isPatient { policy.maxAttempts = min(2, policy.maxAttempts) }
        var attempt = 1
        while true {
            var failure: HubError
            var retryAfter: String?
            do {
                let response = try await web.send(WebRequest(url, secretHeaders: api.secretHeaders))
                if response.status == 200 {
                    let data = try await response.data(limit: Self.maxListBytes)
                    do { return try JSONValue(parsing: Array(data)) } catch {
                        throw HubError(
                            "\(repository): the hub's answer is not JSON; is \(environment.endpoint(repository.host)) a hub?"
                        )
                    }
                }
                failure = explanation(response.status, repository, nil)
                guard RetryPolicy.isPassing(status: response.status) else { throw failure }
                retryAfter = response.header("retry-after")
            } catch let error as WebError {
                failure = explanation(error, repository)
                guard failure.isUnreachable else { throw failure }
                // Without a network nobody wants to wait long to be told so.
                policy.maxAttempts = min(2, policy.maxAttempts)
            }
            guard let delay = policy.delay(afterAttempt: attempt, retryAfter: retryAfter) else { throw failure }
            attempt += 1
            try await Task.sleep(for: .seconds(delay))
        }
    }

    private func cachedListing(_ repository: HubRepository, _ cached: (folder: String, commit: String)) throws
        -> HubListing
    {
        var files: [HubFile] = []
        let paths = (try? FileManager.default.subpathsOfDirectory(atPath: cached.folder)) ?? []
        for path in paths.sorted() where !path.hasSuffix(".incomplete") {
            var status = stat()
            guard stat("\(cached.folder)/\(path)", &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
            files.append(try HubFile(path: path, size: Int(status.st_size), checksum: nil))
        }
        return HubListing(repository: repository, commit: cached.commit, files: files, cachedFolder: cached.folder)
    }

    /// Asks for the checksums that a list of files of Hugging Face's hub does not have.
    private func withChecksums(_ files: [HubFile], _ listing: HubListing) async throws -> [HubFile] {
        guard listing.repository.host == .huggingface else { return files }
        let api = HubAPI(environment: environment, host: .huggingface)
        var result: [HubFile] = []
        for file in files {
            guard file.checksum == nil else {
                result.append(file)
                continue
            }
            let request = WebRequest(
                api.fileURL(file.path, listing), method: "HEAD", headers: [("Accept-Encoding", "identity")],
                secretHeaders: api.secretHeaders)
            let response: WebResponse
            do { response = try await web.send(request, followsRedirects: false) } catch {
                throw explanation(error, listing.repository)
            }
            guard response.status < 400 else { throw explanation(response.status, listing.repository, file.path) }
            let tag = response.header("x-linked-etag") ?? response.header("etag") ?? ""
            let length =
                response.header("x-linked-size") ?? (response.status == 200 ? response.header("content-length") : nil)
            result.append(
                try HubFile(
                    path: file.path, size: file.size ?? length.flatMap { Int($0) },
                    checksum: HubFile.checksum(String(tag.trimmingPrefix("W/")).trimmingCharacters(in: ["\""]))))
        }
        return result
    }

    // MARK: Files

    private func fetch(_ files: [HubFile], _ listing: HubListing, _ storage: HubStorage, _ bytes: Int) async throws {
        let api = HubAPI(environment: environment, host: listing.repository.host)
        let already = files.reduce(0) { $0 + min(FileDownload.partialSize(of: storage.destination($1)), $1.size ?? 0) }
        let bar = ProgressBar(
            title: listing.repository.id, unit: "byte", total: bytes, startStep: already, delaySeconds: 1)
        defer { bar.finish() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            // One of each content: two names may stand for it.
            var destinations: Set<String> = []
            var waiting = files.filter { destinations.insert(storage.destination($0)).inserted }[...]
            func start() {
                guard let file = waiting.popFirst() else { return }
                let download = FileDownload(
                    file: file, url: api.fileURL(file.path, listing), destination: storage.destination(file),
                    secretHeaders: api.secretHeaders, web: web, retry: retry,
                    explain: { explanation($0, listing.repository, $1) }, progress: { bar.advance(by: $0) })
                group.addTask { try await download.run() }
            }
            for _ in 0..<numParallel { start() }
            while try await group.next() != nil { start() }
        }
    }

    private func checkSpace(_ bytes: Int, _ folder: String, _ destinations: [String]) throws(HubError) {
        do { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) } catch {
            throw HubError(
                "\(folder) cannot be written (\(error.localizedDescription)): set HF_HOME or MODELSCOPE_CACHE")
        }
        var status = statvfs()
        guard statvfs(folder, &status) == 0 else { return }
        let free = Int(status.f_bavail) * Int(status.f_frsize)
        let needed = bytes - destinations.reduce(0) { $0 + FileDownload.partialSize(of: $1) }
        guard needed <= free else {
            throw HubError(
                "\(needed.byteText) are to be downloaded, but \(folder) has room for \(free.byteText): make room, or set HF_HOME or MODELSCOPE_CACHE"
            )
        }
    }

    /// What a request without an answer means for the user.
    private func explanation(_ error: WebError, _ repository: HubRepository) -> HubError {
        let variable = HubEnvironment.endpointVariable(repository.host)
        guard error.kind == .connection else {
            return HubError("\(error): set \(variable) to the address of a hub, such as https://host.name")
        }
        return HubError(
            "\(error): check the network, set \(variable) to a mirror that can be reached, or name a folder on this machine",
            isUnreachable: true)
    }

    /// What a status means for the user.
    private func explanation(_ status: Int, _ repository: HubRepository, _ file: String?) -> HubError {
        let what = file.map { "\($0) of \(repository)" } ?? "\(repository)"
        let variable = HubEnvironment.tokenVariable(repository.host)
        let hasToken = environment.token(repository.host) != nil
        switch status {
        case 401, 403:
            return HubError(
                hasToken
                    ? "\(what): the hub refuses the key in \(variable) (\(status)): accept the model's terms on its page, or check the key"
                    : "\(what): the hub asks for a key (\(status)), or there is no such \(repository.kind.rawValue): check the name, or set \(variable)"
            )
        case 404:
            return HubError(
                "\(what) does not exist (404): check the name and the revision, and --type model or dataset")
        case 429:
            return HubError(
                "\(what): the hub has had too many requests (429): wait, or set \(variable)", isUnreachable: true)
        case 500...: return HubError("\(what): the hub is in trouble (\(status)): try again later", isUnreachable: true)
        default: return HubError("\(what): the hub answers with status \(status)")
        }
    }
}
