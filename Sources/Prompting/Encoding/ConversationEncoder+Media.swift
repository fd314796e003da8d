extension ConversationEncoder {
    static let imageMark = "<image>"
    static let videoMark = "<video>"
    static let audioMark = "<audio>"

    /// Replaces the marks of images and videos by the model's tokens.
    func expandMedia(
        _ messages: [Message], _ conversation: Conversation, _ media: MediaGrids
    ) throws(ConversationError) -> [Message] {
        let format = template.media
        try checkSupport("image", conversation.images.count, format?.imageToken)
        try checkSupport("video", conversation.videos.count, format?.videoToken)
        try checkSupport("audio", conversation.audios.count, nil)
        guard format != nil || template.unsupportedMedia != nil else { return messages }
        try checkCount(Self.imageMark, conversation.images.count, media.images.count, messages)
        try checkCount(Self.videoMark, conversation.videos.count, media.videos.count, messages)
        try checkCount(Self.audioMark, 0, 0, messages)
        guard let format, !media.images.isEmpty || !media.videos.isEmpty else { return messages }
        var images = media.images[...]
        var videos = media.videos[...]
        return messages.map { message in
            var message = message
            message.changeContents { content in
                let shown = Self.replace(Self.imageMark, in: content) { images.popFirst().map(format.text(image:)) }
                return Self.replace(Self.videoMark, in: shown) { videos.popFirst().map(format.text(video:)) }
            }
            return message
        }
    }

    private static func replace(_ mark: String, in text: String, _ next: () -> String?) -> String {
        var result = ""
        var start = text.startIndex
        while let range = text.bytesRange(of: mark, from: start), let replacement = next() {
            result += text[start..<range.lowerBound]
            result += replacement
            start = range.upperBound
        }
        return result + text[start...]
    }

    private func checkSupport(_ kind: String, _ count: Int, _ token: String?) throws(ConversationError) {
        if count > 0, kind == "audio" {
            throw ConversationError(
                .mediaUnsupported,
                "audio input is not supported yet: take its sounds and <audio> marks out of the conversation"
            )
        }
        if count > 0, token == nil {
            if let media = template.unsupportedMedia {
                throw ConversationError(
                    .mediaUnsupported,
                    "template \(template.name) writes media as LLaMA-Factory's \(media), which is not supported yet: "
                        + "take the \(count) \(kind) input out of the conversation")
            }
            throw ConversationError(
                .mediaUnsupported,
                "template \(template.name) takes no \(kind) input but the conversation has \(count): check the template"
            )
        }
    }

    private func checkCount(
        _ mark: String, _ count: Int, _ numGrids: Int, _ messages: [Message]
    ) throws(ConversationError) {
        let numMarks = messages.reduce(0) { $0 + $1.text.bytesCount(of: mark) }
        guard numMarks == count else {
            let marks = "the messages have \(numMarks) \(mark) mark\(numMarks == 1 ? "" : "s")"
            let kind = mark.dropFirst().dropLast()
            throw ConversationError(
                .mediaCount,
                count == 0
                    ? "\(marks) but no \(kind) is given: name its file in a column `\(kind)s`, or remove the mark"
                    : "\(marks) but \(count) file\(count == 1 ? " is" : "s are") given: write one \(mark) where each belongs"
            )
        }
        guard numGrids == count else {
            throw ConversationError(.mediaCount, "\(count) files are given for \(mark) but \(numGrids) were read")
        }
    }

    /// Finds the media in the ids of one message: runs of the pad token, with the tokens before and after.
    func findMedia(
        _ ids: [Int32], _ media: MediaGrids, _ found: inout MediaCounts
    ) throws(ConversationError) -> EncodedTurn {
        var turn = EncodedTurn(ids: ids)
        guard imageID != nil || videoID != nil else { return turn }
        var position = 0
        while position < ids.count {
            let id = ids[position]
            guard id == imageID || id == videoID else {
                position += 1
                continue
            }
            var end = position
            while end < ids.count, ids[end] == id { end += 1 }
            let isImage = id == imageID
            let index = isImage ? found.images : found.videos
            let grids = isImage ? media.images : media.videos
            if isImage { found.images += 1 } else { found.videos += 1 }
            guard index < grids.count, position > 0, end < ids.count else {
                throw ConversationError(
                    .mediaTokensInText,
                    "the text itself holds \(tokenizer.token(for: id) ?? "media tokens"): write the mark instead")
            }
            turn.spans.append(
                MediaSpan(kind: isImage ? .image : .video, index: index, range: position - 1..<end + 1))
            position = end
        }
        return turn
    }
}
