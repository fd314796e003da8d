import JSON
import Media
import Prompting

/// Turns rows into conversations, as LLaMA-Factory's converters do.
struct RecordConverter {
    let description: DatasetDescription
    var media: MediaResolver

    init(_ description: DatasetDescription, mediaFolder: String) {
        self.description = description
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
        let tools: String?
        let inline: InlineMedia
        let record: Record
        do {
            (record, inline) = try withTextContent(written)
            switch description.formatting {
            case .alpaca: turns = try alpacaTurns(record)
            case .sharegpt: turns = try sharegptTurns(record)
            case .openai: turns = try openaiTurns(record)
            }
            tools = try jsonText(record, description.columns.tools)
        } catch {
            return .dropped(error.reason, origin)
        }
        let columns = description.columns
        let conversation = Conversation(
            system: turns.system, tools: tools, messages: turns.messages,
            images: try sources(inline.images, columns.images, record, origin),
            videos: try sources(inline.videos, columns.videos, record, origin),
            audios: try sources(inline.audios, columns.audios, record, origin))
        try checkMarks(conversation, origin)
        return .kept(DataRow(conversation: conversation, origin: origin))
    }

    /// The media within a row's messages, else those of a column.
    private mutating func sources(
        _ inline: [JSONValue], _ column: String?, _ record: Record, _ origin: RowOrigin
    ) throws(DataError) -> [MediaSource] {
        if !inline.isEmpty { return try media.sources(.array(inline), column: "content", origin: origin) }
        return try media.sources(column.flatMap { record[$0] }, column: column, origin: origin)
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
            let numMarks = conversation.messages.reduce(0) { $0 + $1.content.ranges(of: mark).count }
            guard numMarks != count else { continue }
            throw DataError(
                """
                the row has \(numMarks) \(mark) mark\(numMarks == 1 ? "" : "s") in its text, but \(count) in the column \
                '\(column)': write one \(mark) where each belongs
                """, dataset: origin.dataset, file: origin.file, row: origin.row)
        }
    }
}
