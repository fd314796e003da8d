import JSON
import Media
import Prompting

/// Turns rows into conversations, as LLaMA-Factory's converters do.
struct RecordConverter {
    let description: DatasetDescription
    let purpose: DataPurpose
    var media: MediaResolver

    init(_ description: DatasetDescription, mediaFolder: String, purpose: DataPurpose = .answers) {
        self.description = description
        self.purpose = purpose
        media = MediaResolver(mediaFolder: mediaFolder)
    }

    /// What is common to all formats: the row's turns and its system prompt.
    struct Turns {
        var system: String?
        var messages: [Message]
    }

    /// A row that cannot be used.
    struct Unusable: Error {
        let reason: DropReason

        init(_ reason: String, isMistake: Bool = false) {
            self.reason = DropReason(reason, isMistake: isMistake)
        }
    }

    /// Converts a row.
    ///
    /// - Throws: an error that makes the data set useless until it is repaired: media that do not fit their marks.
    mutating func convert(_ written: Record) throws(DataError) -> ConvertedRow {
        let origin = RowOrigin(dataset: description.name, file: written.file, row: written.row)
        let turns: Turns
        let preference: RowPreference?
        let tools: String?
        let inline: InlineMedia
        let record: Record
        do {
            (record, inline) = try withTextContent(withToolMessages(written))
            try refuseBoxes(record)
            switch purpose {
            case .answers, .texts: (turns, preference) = (try self.turns(record), nil)
            case .pairs: (turns, preference) = try pair(record)
            case .verdicts: (turns, preference) = try verdict(record)
            }
            tools = try jsonText(record, description.columns.tools)
        } catch {
            return .dropped(error.reason, origin)
        }
        let columns = description.columns
        let conversation = Conversation(
            system: turns.system, tools: tools, messages: turns.messages,
            images: try sources(inline.images, columns.images, record, origin),
            videos: try sources(inline.videos, columns.videos, areVideos: true, record, origin),
            audios: try sources(inline.audios, columns.audios, record, origin))
        try checkMarks(conversation, origin)
        return .kept(DataRow(conversation: conversation, origin: origin, preference: preference))
    }

    /// The turns of a row, an answer last.
    func turns(_ record: Record) throws(Unusable) -> Turns {
        switch description.formatting {
        case .alpaca: return try alpacaTurns(record)
        case .sharegpt: return try sharegptTurns(record)
        case .openai: return try openaiTurns(record)
        }
    }

    /// The media within a row's messages, else those of a column.
    private mutating func sources(
        _ inline: [JSONValue], _ column: String?, areVideos: Bool = false, _ record: Record, _ origin: RowOrigin
    ) throws(DataError) -> [MediaSource] {
        let value = inline.isEmpty ? column.flatMap { record[$0] } : .array(inline)
        return try media.sources(
            value, column: inline.isEmpty ? column : "content", areVideos: areVideos, origin: origin)
    }

    /// The text of a column; nil when it is empty, null or not there.
    func text(_ record: Record, _ column: String?) throws(Unusable) -> String? {
        guard let column, let value = record[column], !value.isNull else { return nil }
        guard let text = Self.text(value, of: record) else {
            throw Unusable("column '\(column)' holds \(value.kind): write text")
        }
        return text.isEmpty ? nil : text
    }

    /// A value as text; numbers and truths of a table are texts as Python writes them.
    static func text(_ value: JSONValue, of record: Record) -> String? {
        record.isTable ? value.pythonText : value.stringValue
    }

    /// The text of a column that holds JSON, as text or as it is.
    private func jsonText(_ record: Record, _ column: String?) throws(Unusable) -> String? {
        guard let column, let value = record[column], !value.isNull else { return nil }
        switch value {
        case .string(let text): return text.isEmpty ? nil : text
        case .array(let elements): return elements.isEmpty ? nil : value.text()
        case .object: return value.text()
        default: throw Unusable("column '\(column)' holds \(value.kind): write a list of tools")
        }
    }

    /// Marks and media must be as many, where the data set has such media at all.
    private func checkMarks(_ conversation: Conversation, _ origin: RowOrigin) throws(DataError) {
        let kinds: [(mark: String, column: String?, count: Int)] = [
            ("<image>", description.columns.images, conversation.images.count),
            ("<video>", description.columns.videos, conversation.videos.count),
            ("<audio>", description.columns.audios, conversation.audios.count),
        ]
        for (mark, column, count) in kinds {
            guard let column = column ?? (count > 0 ? description.columns.messages : nil) else { continue }
            let numMarks = conversation.messages.reduce(0) { $0 + $1.text.ranges(of: mark).count }
            guard numMarks != count else { continue }
            let remedy =
                numMarks > count
                ? "name a file for each, or remove the marks that stand for none"
                : "write one \(mark) where each belongs"
            throw DataError(
                """
                the row has \(numMarks) \(mark) mark\(numMarks == 1 ? "" : "s") in its text, but \(count) in the column \
                '\(column)': \(remedy)
                """, dataset: origin.dataset, file: origin.file, row: origin.row)
        }
    }
}
