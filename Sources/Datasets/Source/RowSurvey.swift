import Dispatch
import Media
import Prompting
import Synchronization

/// What a first pass over the rows of a data set finds out, without keeping them.
struct RowSurvey: Sendable {
    /// The rows that cannot be used.
    private(set) var dropped: [Int32: Drop] = [:]
    /// The size of each row's texts.
    private(set) var sizes: [TextSize] = []
    /// Rows with marks of media that bring no media.
    private(set) var marked = CountedRows()
    /// Size and time of the files that the rows name.
    private(set) var mediaStamp = Fingerprint()

    struct Drop: Sendable {
        let reason: DropReason
        let origin: RowOrigin
    }

    /// What one part of the rows gave.
    private struct Part: Sendable {
        var survey = RowSurvey()
        var media: MediaResolver
    }

    private static let rowsPerPart = 512

    init() {}

    /// Converts all rows on all cores; `converter` gets to know the warnings, in the order of the rows.
    init(
        _ records: RecordList, _ converter: inout RecordConverter, _ progress: (@Sendable (String, Int, Int) -> Void)?
    ) {
        let fresh = converter, name = converter.description.name, done = Atomic(0)
        let numParts = (records.count + Self.rowsPerPart - 1) / Self.rowsPerPart
        let parts = Mutex([Part?](repeating: nil, count: numParts))
        DispatchQueue.concurrentPerform(iterations: numParts) { number in
            let first = number * Self.rowsPerPart
            let last = min(first + Self.rowsPerPart, records.count)
            let part = Self.part(records, first..<last, fresh)
            progress?(name, done.add(last - first, ordering: .relaxed).newValue, records.count)
            parts.withLock { $0[number] = part }
        }
        sizes.reserveCapacity(records.count)
        for case let part? in parts.withLock({ $0 }) {
            dropped.merge(part.survey.dropped) { $1 }
            marked.add(part.survey.marked)
            sizes += part.survey.sizes
            mediaStamp.combine(part.survey.mediaStamp)
            converter.media.absorb(part.media)
        }
    }

    private static func part(_ records: RecordList, _ range: Range<Int>, _ fresh: RecordConverter) -> Part {
        var converter = fresh
        var part = Part(media: fresh.media)
        for row in range {
            switch converter.convert(records[row]) {
            case .kept(let kept): part.survey.add(kept.conversation, kept.origin)
            case .dropped(let reason, let origin):
                part.survey.dropped[Int32(row)] = Drop(reason: reason, origin: origin)
                part.survey.sizes.append(.unknown)
            }
        }
        part.media = converter.media
        return part
    }

    private mutating func add(_ conversation: Conversation, _ origin: RowOrigin) {
        let media = conversation.images + conversation.videos + conversation.audios
        if media.isEmpty, conversation.messages.contains(where: { Self.hasMark($0.text) }) { marked.add(origin) }
        for source in media { mediaStamp.add(stampOf: source) }
        sizes.append(media.isEmpty ? TextSize(conversation) : .unknown)
    }

    private static let marks = ["<image>", "<video>", "<audio>"].map { Array($0.utf8) }

    /// Whether a text has the mark of an image, video or sound.
    private static func hasMark(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { bytes in
            bytes.indices.contains { place in
                bytes[place] == 0x3C && marks.contains { bytes[place...].starts(with: $0) }
            }
        }
    }

    /// What the user should know of marks without media; nil where there are none.
    var markWarning: String? {
        guard marked.count > 0 else { return nil }
        return """
            <image>, <video> or <audio> marks without media in \(marked.count == 1 ? "1 row" : "\(marked.count) rows") \
            (\(marked.places())): name the files in a column `images`, `videos` or `audios`, or the marks are learned as text
            """
    }

    /// The survey of some of the rows.
    func selecting(_ rows: [Int]) -> RowSurvey {
        var survey = RowSurvey()
        survey.mediaStamp = mediaStamp
        for (place, row) in rows.enumerated() {
            survey.dropped[Int32(place)] = dropped[Int32(row)]
            survey.sizes.append(sizes[row])
        }
        return survey
    }
}
