/// The one way from a conversation to token ids: training, prediction, chat and the API all use it.
///
/// Ids and labels equal LLaMA-Factory's for the same template, tokenizer and settings.
public struct ConversationEncoder: Sendable {
    public let template: Template
    public let tokenizer: Tokenizer
    public let settings: EncodingSettings
    /// Today, for tool formats that tell the model the date.
    public var toolDate: String
    let imageID: Int32?
    let videoID: Int32?

    /// - Parameter tokenizer: one that was made to fit the template (`Template.fit`).
    /// - Throws: when template and settings exclude each other, or the tokenizer lacks the template's media tokens.
    public init(
        template: Template, tokenizer: Tokenizer, settings: EncodingSettings = EncodingSettings()
    ) throws(TemplateError) {
        if settings.trainsOnPrompt || settings.lossScale.base == .all, template.hasEfficientEOS {
            let key = settings.trainsOnPrompt ? "train_on_prompt: set it to false" : "loss_scale: all; name another one"
            throw TemplateError("template \(template.name) does not support \(key)")
        }
        guard settings.cutoffLength > 0 else {
            throw TemplateError("cutoff_len is \(settings.cutoffLength): it must be at least 1")
        }
        self.template = template
        self.tokenizer = tokenizer
        self.settings = settings
        toolDate = ToolDate.today()
        imageID = try Self.mediaID(template.media?.imageToken, template, tokenizer)
        videoID = try Self.mediaID(template.media?.videoToken, template, tokenizer)
    }

    private static func mediaID(
        _ token: String?, _ template: Template, _ tokenizer: Tokenizer
    ) throws(TemplateError) -> Int32? {
        guard let token else { return nil }
        if let id = tokenizer.id(of: token) { return id }
        throw TemplateError(
            "template \(template.name) writes \(token), which the tokenizer lacks: choose the template of this model")
    }

    /// Encodes a conversation that ends with an answer, with labels on the answers.
    ///
    /// - Parameter media: the grids of the conversation's images and videos.
    public func encode(
        _ conversation: Conversation, media: MediaGrids = .none
    ) throws(ConversationError) -> EncodedExample {
        try conversation.checkTurns()
        let turns = try encodeTurns(conversation, media, asPrompt: false)
        return try assemble(turns, conversation.messages)
    }

    /// Encodes a conversation up to its last answer, as the model sees it when it is to write that answer.
    ///
    /// - Parameter cutoff: tokens that prompt and answer may have together; nil for no limit.
    public func encodePrompt(
        _ conversation: Conversation, media: MediaGrids = .none, cutoff: Int? = nil
    ) throws(ConversationError) -> EncodedPrompt {
        var conversation = conversation
        if conversation.messages.count % 2 == 1 { conversation.messages.append(Message(.assistant, "")) }
        try conversation.checkTurns()
        var turns = try encodeTurns(conversation, media, asPrompt: true)
        var labels = turns.removeLast().ids
        var prompt = EncodedTurn()
        for turn in turns { prompt.append(turn) }
        if template.hasEfficientEOS, let eos = tokenizer.eosID { labels.append(eos) }
        let lengths = cutoff.map { LengthBudget.share(source: prompt.ids.count, target: labels.count, cutoff: $0) }
        let (source, target) = lengths ?? (prompt.ids.count, labels.count)
        let isTruncated = source < prompt.ids.count || target < labels.count
        try prompt.cut(to: source)
        return EncodedPrompt(
            inputIDs: prompt.ids, labelIDs: Array(labels.prefix(target)), mediaSpans: prompt.spans,
            isTruncated: isTruncated)
    }
}
