public import Foundation

/// Where the bytes of one image, video or audio clip are: nothing is opened until it is decoded.
public enum MediaSource: Sendable, Hashable {
    /// A file on this machine.
    case file(path: String)
    /// Encoded bytes already in memory (a data URL, a column of a table).
    case bytes(Data)
    /// The frames of one video, each an image of its own, in order.
    case frames(paths: [String])
}
