/// What a repository holds at one revision.
public struct HubListing: Sendable {
    /// The repository that was asked for.
    public let repository: HubRepository
    /// The commit that the revision stands for; the revision itself where the hub has no commits.
    public let commit: String
    /// All files.
    public let files: [HubFile]
    /// The folder of an earlier download, when the hub was not asked (no network).
    let cachedFolder: String?

    init(repository: HubRepository, commit: String, files: [HubFile], cachedFolder: String? = nil) {
        self.repository = repository
        self.commit = commit
        self.files = files
        self.cachedFolder = cachedFolder
    }
}
