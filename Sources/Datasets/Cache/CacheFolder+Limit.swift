import Foundation

extension CacheFolder {
    /// Bytes that the cache takes at most where nothing else is said.
    static let standardLimit = 50_000_000_000
    /// Files of data that name pictures inside them may be in use by another run for so long.
    private static let mediaSeconds = 86_400

    /// Bytes that the cache may take: `ANNEAL_CACHE_LIMIT` ("20GB", "500MB"; "off" for no limit), else 50 GB.
    ///
    /// - Throws: `DataError` where the variable is no size.
    public static func limit() throws(DataError) -> Int? {
        try limit(environment: ProcessInfo.processInfo.environment)
    }

    /// The limit in another environment.
    static func limit(environment: [String: String]) throws(DataError) -> Int? {
        guard let text = environment["ANNEAL_CACHE_LIMIT"], !text.isEmpty else { return standardLimit }
        if text == "off" { return nil }
        let units: KeyValuePairs = ["KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12, "B": 1]
        let plain = text.uppercased().filter { $0 != " " }
        if let unit = units.first(where: { plain.hasSuffix($0.key) }),
            let number = Double(plain.dropLast(unit.key.count)), number >= 0, number * unit.value < 1e18
        {
            return Int(number * unit.value)
        }
        throw DataError("ANNEAL_CACHE_LIMIT is '\(text)', which is no size: write 20GB or 500MB, or off for no limit")
    }

    /// What is removed as a whole: the prepared rows of one key, or the pictures of one data file.
    private struct Entry {
        let path: String
        let numBytes: Int
        /// Seconds since 1970.
        let lastUse: Int
        let isFolder: Bool
    }

    /// Removes what was not used for longest, until the cache takes no more than `limit` bytes. What another process writes, and
    /// pictures that were used today, stay; rows that another process reads stay readable for it.
    ///
    /// - Parameters:
    ///   - now: seconds since 1970; nil for the present.
    ///   - kept: paths that are not removed.
    /// - Returns: how much was removed.
    @discardableResult
    public static func shrink(
        _ folder: String, to limit: Int, keeping kept: Set<String> = [], now: Int? = nil
    ) -> (numEntries: Int, numBytes: Int) {
        var entries = entries(of: folder, isFolder: false) + entries(of: folder + "/media", isFolder: true)
        let now = now ?? Int(Date().timeIntervalSince1970)
        var total = entries.reduce(0) { $0 + $1.numBytes }, removed = (numEntries: 0, numBytes: 0)
        entries.sort { ($0.lastUse, $0.path) < ($1.lastUse, $1.path) }
        for entry in entries where total > limit && !kept.contains(entry.path) {
            let isRecent = entry.isFolder && now - entry.lastUse < mediaSeconds
            guard !isRecent, remove(entry) else { continue }
            total -= entry.numBytes
            removed = (removed.numEntries + 1, removed.numBytes + entry.numBytes)
        }
        return removed
    }

    private static func entries(of folder: String, isFolder: Bool) -> [Entry] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.compactMap { name in
            let path = "\(folder)/\(name)"
            var status = stat()
            guard isFolder || name.hasSuffix(".rows"), lstat(path, &status) == 0,
                status.st_mode & S_IFMT == (isFolder ? S_IFDIR : S_IFREG)
            else { return nil }
            return Entry(
                path: path, numBytes: isFolder ? size(of: path) : Int(status.st_size), lastUse: status.st_mtim.tv_sec,
                isFolder: isFolder)
        }
    }

    /// Removes an entry, unless another process is writing it.
    private static func remove(_ entry: Entry) -> Bool {
        if entry.isFolder { return (try? FileManager.default.removeItem(atPath: entry.path)) != nil }
        let descriptor = open(entry.path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return flock(descriptor, LOCK_EX | LOCK_NB) == 0 && unlink(entry.path) == 0
    }
}
