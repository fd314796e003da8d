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

    public init(_ role: Role, _ content: String, loss: Bool? = nil, lossScale: Float? = nil) {
        self.role = role
        self.content = content
        self.loss = loss
        self.lossScale = lossScale
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
