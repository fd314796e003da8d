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

        init(_ reason: String, detail: String? = nil, isMistake: Bool = false) {
            self.reason = DropReason(reason, detail: detail, isMistake: isMistake)
        }
    }

    /// Converts a row.
    mutating func convert(_ record: Record) -> ConvertedRow {
        let origin = RowOrigin(dataset: description.name, file: record.file, row: record.row)
        do throws(Unusable) {
            let (conversation, preference) = try conversation(record)
            return .kept(DataRow(conversation: conversation, origin: origin, preference: preference))
        } catch {
            return .dropped(error.reason, origin)
        }
    }

    private mutating func conversation(_ written: Record) throws(Unusable) -> (Conversation, RowPreference?) {
        let (record, inline) = try withTextContent(withToolMessages(written))
        try refuseBoxes(record)
        let turns: Turns
        let preference: RowPreference?
        switch purpose {
        case .answers, .texts: (turns, preference) = (try self.turns(record), nil)
        case .pairs: (turns, preference) = try pair(record)
        case .verdicts: (turns, preference) = try verdict(record)
        }
        let columns = description.columns
        let conversation = Conversation(
            system: turns.system, tools: try jsonText(record, columns.tools), messages: turns.messages,
            images: try sources(inline.images, columns.images, record),
            videos: try sources(inline.videos, columns.videos, areVideos: true, record),
            audios: try sources(inline.audios, columns.audios, record))
        try checkMarks(conversation)
        return (conversation, preference)
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
        _ inline: [JSONValue], _ column: String?, areVideos: Bool = false, _ record: Record
    ) throws(Unusable) -> [MediaSource] {
        let value = inline.isEmpty ? column.flatMap { record[$0] } : .array(inline)
        return try media.sources(
            value, column: inline.isEmpty ? column : "content", areVideos: areVideos, dataFile: record.file)
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
    private func checkMarks(_ conversation: Conversation) throws(Unusable) {
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
            throw Unusable(
                """
                the row has \(numMarks) \(mark) mark\(numMarks == 1 ? "" : "s") in its text, but \(count) in the column \
                '\(column)': \(remedy)
                """, isMistake: true)
        }
    }
}
