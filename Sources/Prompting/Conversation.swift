public import Media

/// Who speaks. `function` is an assistant turn that calls tools, `observation` the tools' answer.
public enum Role: String, Sendable, Hashable, Codable {
    case user, assistant, function, observation
}

/// One turn of a conversation.
public struct Message: Sendable, Hashable {
    public var role: Role
    public var content: String
    /// Whether the turn is trained on; nil leaves it to the run's settings.
    public var loss: Bool?
    /// What the answer weighs in the loss, instead of what the rules of the run's `loss_scale` say; nil leaves it to them.
    public var lossScale: Float?
    /// Answers that make one turn with this one and stand before it, nothing of the template between: ms-swift joins
    /// neighbouring answers, and each keeps its own `loss` and `lossScale`.
    public var preceding: [Message]

    public init(
        _ role: Role, _ content: String, loss: Bool? = nil, lossScale: Float? = nil, preceding: [Message] = []
    ) {
        self.role = role
        self.content = content
        self.loss = loss
        self.lossScale = lossScale
        self.preceding = preceding
    }

    /// The turn's messages in order, each without others before it.
    public var parts: [Message] {
        preceding + [Message(role, content, loss: loss, lossScale: lossScale)]
    }

    /// Everything that is written in the turn.
    public var text: String { preceding.isEmpty ? content : parts.map(\.content).joined() }

    /// Changes the content of every message of the turn, in order.
    mutating func changeContents(_ change: (String) -> String) {
        for index in preceding.indices { preceding[index].content = change(preceding[index].content) }
        content = change(content)
    }
}

/// A conversation as it is read from data or a request, before any template: user and assistant turns alternate,
/// media stand where `<image>`, `<video>` and `<audio>` marks are in the text, in order.
public struct Conversation: Sendable, Hashable {
    public var system: String?
    /// JSON text of the tool list, as the template's tool format wants it.
    public var tools: String?
    public var messages: [Message]
    public var images: [MediaSource]
    public var videos: [MediaSource]
    public var audios: [MediaSource]

    public init(
        system: String? = nil, tools: String? = nil, messages: [Message], images: [MediaSource] = [],
        videos: [MediaSource] = [], audios: [MediaSource] = []
    ) {
        self.system = system
        self.tools = tools
        self.messages = messages
        self.images = images
        self.videos = videos
        self.audios = audios
    }
}
