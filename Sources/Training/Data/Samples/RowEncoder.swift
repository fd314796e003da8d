public import Datasets
public import Prompting

/// What a row becomes: the one place that turns rows into examples, for training, evaluation and the data check.
public struct RowEncoder: Sendable {
    /// How a row is read.
    public enum Purpose: Sendable, Hashable {
        /// A conversation whose answers are learned.
        case conversation
        /// A text that is learned as a whole: the first message between `begin` and `end`, cut to the cutoff or not.
        case text(begin: String, end: String, isCut: Bool)
        /// A prompt whose answer the policy writes. `isCut`: `cutoff_len` is shared out between prompt and answer, as
        /// LLaMA-Factory's stage ppo does; otherwise longer prompts are left out.
        case prompt(isCut: Bool, label: LabelNeed)
    }

    /// What becomes of a prompt whose row has no answer.
    public enum LabelNeed: Sendable, Hashable {
        case none
        /// It is left out: there would be nothing to learn at.
        case orDropped
        /// It is an error: this reward compares with the answer.
        case orFailed(reward: String)
    }

    public let encoder: ConversationEncoder
    public let media: MediaSettings?
    public let purpose: Purpose

    public init(_ encoder: ConversationEncoder, media: MediaSettings?, purpose: Purpose = .conversation) {
        self.encoder = encoder
        self.media = media
        self.purpose = purpose
    }

    /// A row as the model reads it, or why it is left out.
    public enum Outcome: Sendable {
        case kept(TrainingExample, Truncation)
        case dropped(String)
    }

    /// Encodes a row.
    ///
    /// - Throws: `DataError` with file and row for what has to be mended, such as a missing image.
    public func encode(_ row: DataRow) throws -> Outcome {
        switch purpose {
        case .conversation: try encodeConversation(row)
        case .text(let begin, let end, let isCut):
            encodeText(begin + (row.conversation.messages.first?.content ?? "") + end, row.origin, isCut: isCut)
        case .prompt(let isCut, let label): try encodePrompt(row, isCut: isCut, label)
        }
    }

    /// Every token is learned, except padding tokens, which LLaMA-Factory's collator masks wherever they stand.
    private func encodeText(_ text: String, _ origin: RowOrigin, isCut: Bool) -> Outcome {
        var ids = encoder.tokenizer.encode(text)
        let isTruncated = isCut && ids.count > encoder.settings.cutoffLength
        if isTruncated { ids.removeLast(ids.count - encoder.settings.cutoffLength) }
        let padID = encoder.tokenizer.padID
        let labels = ids.map { $0 == padID ? EncodedExample.ignored : $0 }
        return .kept(
            TrainingExample(inputIDs: ids, labels: labels, images: [], videos: [], origin: origin),
            isTruncated ? .text : .none)
    }

    private func encodeConversation(_ row: DataRow) throws -> Outcome {
        do {
            let grids = try media?.grids(of: row.conversation) ?? .none
            if let preference = row.preference { return try encode(row, preference, grids) }
            let encoded = try encoder.encode(row.conversation, media: grids)
            guard encoded.labels.dropFirst().contains(where: { $0 != EncodedExample.ignored }) else {
                return .dropped("nothing to learn: the answer is empty or cut away (raise cutoff_len)")
            }
            let example = TrainingExample(
                inputIDs: encoded.inputIDs, labels: encoded.labels, weights: encoded.weights,
                images: encoded.keptImages.map { row.conversation.images[$0] },
                videos: encoded.keptVideos.map { row.conversation.videos[$0] }, origin: row.origin)
            return .kept(example, encoded.truncation)
        } catch let error as ConversationError where error.isDroppable {
            return .dropped(
                error.reason == .mediaCut ? Self.mediaCut : error.message)
        } catch {
            throw DataError("\(error)", dataset: row.origin.dataset, file: row.origin.file, row: row.origin.row)
        }
    }
}
