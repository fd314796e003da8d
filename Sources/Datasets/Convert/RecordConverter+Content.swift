import JSON

extension RecordConverter {
    /// Media that stand within the messages of a row, as paths or data URLs.
    struct InlineMedia {
        var images: [JSONValue] = []
        var videos: [JSONValue] = []
        var audios: [JSONValue] = []

        var isEmpty: Bool { images.isEmpty && videos.isEmpty && audios.isEmpty }
    }

    /// The row with the content of its messages as text: where it is a list of pieces (OpenAI's, ms-swift's and Anthropic's
    /// form), the texts are joined and a mark stands for each picture, video or sound.
    ///
    /// A piece without a path, {"type": "image"}, takes the next one of the row's column of media.
    func withTextContent(_ record: Record) throws(Unusable) -> (record: Record, media: InlineMedia) {
        var media = InlineMedia()
        let key = description.tags.content ?? "content"
        guard description.formatting != .alpaca, let column = description.columns.messages,
            let messages = record[column]?.arrayValue, messages.contains(where: { $0[key]?.arrayValue != nil })
        else { return (record, media) }
        var written: [JSONValue] = []
        for message in messages {
            guard let pieces = message[key]?.arrayValue, let members = message.members else {
                written.append(message)
                continue
            }
            var text = ""
            for piece in pieces { text += try self.text(ofPiece: piece, &media) }
            written.append(.object(members.map { $0.key == key ? JSONMember(key, .string(text)) : $0 }))
        }
        let columns = description.columns
        let pairs = [(columns.images, media.images), (columns.videos, media.videos), (columns.audios, media.audios)]
        for (column, values) in pairs where !values.isEmpty {
            guard let column, let value = record[column], !value.isNull, value != .array([]) else { continue }
            throw Unusable(
                "media stand both in the column '\(column)' and within the messages, so that their order is not known: keep one of them"
            )
        }
        let members = record.members.map { $0.key == column ? JSONMember(column, .array(written)) : $0 }
        return (Record(members: members, row: record.row, file: record.file, isTable: record.isTable), media)
    }

    private func text(ofPiece piece: JSONValue, _ media: inout InlineMedia) throws(Unusable) -> String {
        if let text = piece.stringValue { return text }
        guard piece.members != nil, let type = piece["type"]?.stringValue else {
            throw Unusable("a piece of a message's content has no `type`: write {\"type\": \"text\", \"text\": \"…\"}")
        }
        switch type {
        case "text":
            guard let text = piece["text"]?.stringValue else {
                throw Unusable("a piece of type `text` has no text: write {\"type\": \"text\", \"text\": \"…\"}")
            }
            return text
        case "image", "image_url":
            media.images += try source(of: piece, kind: "image")
            return "<image>"
        case "video", "video_url":
            media.videos += try source(of: piece, kind: "video")
            return "<video>"
        case "audio", "audio_url":
            media.audios += try source(of: piece, kind: "audio")
            return "<audio>"
        default:
            throw Unusable("a piece of a message's content has the type '\(type)': use text, image, video or audio")
        }
    }

    /// The path of a piece, as {"image": "a.png"}, {"image_url": {"url": "a.png"}} or Anthropic's {"source": {"data": …}}.
    private func source(of piece: JSONValue, kind: String) throws(Unusable) -> [JSONValue] {
        // A table has all keys in all pieces: those that a piece has not are null.
        let keys = [kind, "\(kind)_url", "path", "url", "source"]
        guard let value = keys.lazy.compactMap({ piece[$0] }).first(where: { !$0.isNull }) else { return [] }
        if let data = value["data"]?.stringValue {
            return [.string("data:\(value["media_type"]?.stringValue ?? "");base64,\(data)")]
        }
        // A list of frames is one video.
        let path = value["url"] ?? value
        guard path.stringValue != nil || path["path"] != nil || (kind == "video" && path.arrayValue != nil) else {
            throw Unusable("a piece of type `\(kind)` holds \(path.kind): write a path")
        }
        return [path]
    }
}
