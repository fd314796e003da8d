/// A model or data set on a hub.
public struct HubRepository: Sendable, Hashable, CustomStringConvertible {
    /// The hubs that are known.
    public enum Host: String, Sendable, Hashable, CaseIterable {
        case huggingface, modelscope
    }

    /// What a repository holds.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        case model, dataset
    }

    /// The hub.
    public let host: Host
    /// Model or data set.
    public let kind: Kind
    /// Owner and name, "org/name"; some old data sets have a name only.
    public let id: String
    /// Branch, tag or commit.
    public let revision: String

    /// - Parameter revision: nil takes the hub's main branch.
    /// - Throws: `HubError` when the id is not one.
    public init(host: Host, kind: Kind, id: String, revision: String? = nil) throws(HubError) {
        let parts = id.split(separator: "/", omittingEmptySubsequences: false)
        let isID = (1...2).contains(parts.count) && parts.allSatisfy { Self.isName($0) }
        guard isID, host == .huggingface || parts.count == 2 else {
            throw HubError("'\(id)' is not the id of a \(kind.rawValue) on a hub: write ORGANISATION/NAME")
        }
        let revision = revision ?? (host == .huggingface ? "main" : "master")
        guard revision.split(separator: "/", omittingEmptySubsequences: false).allSatisfy({ Self.isName($0) }) else {
            throw HubError("'\(revision)' is not the name of a revision: write a branch, a tag or a commit")
        }
        self.host = host
        self.kind = kind
        self.id = id
        self.revision = revision
    }

    /// Whether a name looks like "org/name"; a path that exists is for the caller to prefer.
    public static func isID(_ name: String) -> Bool {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        return parts.count == 2 && parts.allSatisfy { isName($0) }
    }

    private static func isName(_ part: Substring) -> Bool {
        (1...96).contains(part.utf8.count) && part != "." && !part.contains("..") && !part.hasPrefix("-")
            && part.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                    || [UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_")].contains(byte)
            }
    }

    /// "model org/name (huggingface, main)"
    public var description: String { "\(kind.rawValue) \(id) (\(host.rawValue), \(revision))" }
}
