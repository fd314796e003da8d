/// Finds the strings that end an answer in text that comes piece by piece: nothing is given out that could still become
/// part of one.
public struct StopStrings: Sendable {
    private let stops: [[UInt8]]
    private let keepsMatch: Bool
    /// Text that may be the beginning of a stop string.
    private var held: [UInt8] = []
    /// The stop string that was found.
    public private(set) var found: String?

    /// - Parameter keepsMatch: whether the stop string itself is part of the answer.
    public init(_ stops: [String], keepsMatch: Bool = false) {
        self.stops = stops.map { Array($0.utf8) }.filter { !$0.isEmpty }
        self.keepsMatch = keepsMatch
    }

    /// The text that is certain now. After a stop string was found there is none.
    ///
    /// - Parameter looks: false lets stop strings pass (an answer that has not its least length yet).
    public mutating func append(_ text: String, looks: Bool = true) -> String {
        guard found == nil else { return "" }
        if stops.isEmpty { return text }
        held += text.utf8
        guard looks else { return release(held.count) }
        if let match = firstMatch() {
            found = String(decoding: stops[match.stop], as: UTF8.self)
            let result = release(keepsMatch ? match.start + stops[match.stop].count : match.start)
            held.removeAll()
            return result
        }
        return release(held.count - numOpen())
    }

    /// What is left when no more text comes.
    public mutating func finish() -> String { found == nil ? release(held.count) : "" }

    private mutating func release(_ count: Int) -> String {
        let text = String(decoding: held[..<count], as: UTF8.self)
        held.removeFirst(count)
        return text
    }

    /// The match that begins first, the longest of several.
    private func firstMatch() -> (start: Int, stop: Int)? {
        for start in held.indices {
            let matches = stops.indices.filter { held[start...].starts(with: stops[$0]) }
            if let stop = matches.max(by: { stops[$0].count < stops[$1].count }) { return (start, stop) }
        }
        return nil
    }

    /// How many of the last bytes begin a stop string.
    private func numOpen() -> Int {
        let longest = (stops.map(\.count).max() ?? 1) - 1
        for count in stride(from: min(longest, held.count), to: 0, by: -1)
        where stops.contains(where: { $0.count > count && $0.starts(with: held.suffix(count)) }) {
            return count
        }
        return 0
    }
}
