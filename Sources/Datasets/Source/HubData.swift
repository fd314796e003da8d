import Synchronization

/// A data set on a hub, as an entry of dataset_info.json or a name such as "HF::org/pets:subset" gives it.
public struct HubData: Sendable, Hashable {
    /// The hubs that data sets come from.
    public enum Host: Sendable, Hashable {
        case huggingFace, modelScope
    }

    /// The hub; nil where the environment decides (USE_MODELSCOPE_HUB).
    public var host: Host?
    /// "org/name"
    public var id: String
    /// A configuration of the data set.
    public var subset: String?
    /// The split whose rows are read.
    public var split = "train"
    /// Only files below this folder.
    public var folder: String?

    /// A data set of a hub, its split train.
    public init(host: Host?, id: String) {
        self.host = host
        self.id = id
    }

    /// Takes ms-swift's "HF::org/name:subset" or "MS::org/name" apart; nil when the name begins with neither.
    init?(name: String) {
        let hosts: [(String, Host)] = [("HF::", .huggingFace), ("MS::", .modelScope)]
        guard let (mark, host) = hosts.first(where: { name.hasPrefix($0.0) }) else { return nil }
        self.init(host: host, text: String(name.dropFirst(mark.count)))
    }

    /// "org/name" or "org/name:subset".
    init(host: Host?, text: String) {
        let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
        self.init(host: host, id: parts.first ?? text)
        if parts.count > 1 { subset = parts[1] }
    }
}

/// What fetches data sets from hubs. Reading data needs no network by itself, so the program that has one says how.
public protocol HubDataSource: Sendable {
    /// The data files of a data set, downloaded where they are not there yet, in order.
    func files(of data: HubData) throws -> [String]
}

extension HubData {
    private static let source = Mutex<(any HubDataSource)?>(nil)

    /// Sets where data sets of hubs come from; once, when the program starts.
    public static func use(_ source: any HubDataSource) { self.source.withLock { $0 = source } }

    /// The data files.
    func files() throws(DataError) -> [String] {
        guard let source = Self.source.withLock({ $0 }) else {
            throw DataError("'\(id)' is on a hub, which this program cannot reach: download it and name the file")
        }
        do { return try source.files(of: self) } catch { throw DataError("\(error)") }
    }
}
