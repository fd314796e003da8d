/// How one family of models writes a conversation: LLaMA-Factory's template of the same name, as a value.
///
/// A template is data. What it means for token ids and labels is in `ConversationEncoder`, for all families alike.
public struct Template: Sendable {
    /// LLaMA-Factory's name.
    public var name: String
    /// Once before everything.
    public var prefix: [Slot]
    /// Once before the first turn, when there is a system text or a tool list; `{{content}}` is both together.
    public var system: [Slot]
    public var user: [Slot]
    /// An assistant turn; every token of it is trained on.
    public var assistant: [Slot]
    /// An assistant turn that calls tools; `{{content}}` is the calls as `functionFormat` writes them.
    public var function: [Slot]
    /// What tools answered.
    public var observation: [Slot]
    /// How the tool list is written into the system text.
    public var toolFormat: any ToolFormat
    /// How tool calls are written.
    public var functionFormat: any ToolFormat
    /// System text of conversations that bring none.
    public var defaultSystem: String
    /// Tokens that end a reply besides the end of sequence.
    public var stopWords: [String]
    /// The words around reasoning.
    public var thoughtWords: ThoughtWords
    /// The words around a tool call inside a function message that mixes text and calls.
    public var toolCallWords: (open: String, close: String)
    /// The end of sequence is not written after each turn but trained as the next turn's first label.
    public var hasEfficientEOS: Bool
    /// The first stop word becomes the tokenizer's end of sequence.
    public var replacesEOS: Bool
    /// The tokenizer's own chat template is replaced by one made from this template.
    public var replacesJinja: Bool
    /// Whether answers get an (empty) thought and the thinking settings apply.
    public var isReasoning: Bool
    /// The system text goes into the first user turn (Llama 2).
    public var fusesSystem: Bool
    /// Blank lines before a tool list go where no system text stands before it.
    public var trimsLoneTools = false
    /// How images, video and audio are written; nil when the family takes none.
    public var media: (any MediaFormat)?
    /// LLaMA-Factory's name for how the family writes media, when that cannot be done here yet: text works, a
    /// conversation with media is refused.
    public var unsupportedMedia: String?

    /// Unnamed pieces are LLaMA-Factory's defaults: bare content, an end of sequence after each answer, observations
    /// like user turns, function calls like answers.
    public init(
        _ name: String, prefix: [Slot] = [], system: [Slot] = ["{{content}}"], user: [Slot] = ["{{content}}"],
        assistant: [Slot]? = nil, function: [Slot]? = nil, observation: [Slot]? = nil,
        toolFormat: any ToolFormat = DefaultToolFormat(), functionFormat: (any ToolFormat)? = nil,
        defaultSystem: String = "", stopWords: [String] = [], thoughtWords: ThoughtWords = ThoughtWords(),
        toolCallWords: (open: String, close: String) = ("<tool_call>", "</tool_call>"), hasEfficientEOS: Bool = false,
        replacesEOS: Bool = false, replacesJinja: Bool = false, isReasoning: Bool = false, fusesSystem: Bool = false,
        media: (any MediaFormat)? = nil, unsupportedMedia: String? = nil
    ) {
        let answer = assistant ?? (hasEfficientEOS ? ["{{content}}"] : ["{{content}}", .eos])
        self.name = name
        self.prefix = prefix
        self.system = system
        self.user = user
        self.assistant = answer
        self.function = function ?? answer
        self.observation = observation ?? user
        self.toolFormat = toolFormat
        // Without slots of its own a function turn is written in the default format, whatever the tool list's is.
        self.functionFormat = functionFormat ?? (function == nil ? DefaultToolFormat() : toolFormat)
        self.defaultSystem = defaultSystem
        self.stopWords = stopWords
        self.thoughtWords = thoughtWords
        self.toolCallWords = toolCallWords
        self.hasEfficientEOS = hasEfficientEOS
        self.replacesEOS = replacesEOS
        self.replacesJinja = replacesJinja
        self.isReasoning = isReasoning
        self.fusesSystem = fusesSystem
        self.media = media
        self.unsupportedMedia = unsupportedMedia
    }

    /// This template under another name, with what its family member changes.
    func copy(_ name: String, _ change: (inout Template) -> Void = { _ in }) -> Template {
        var template = self
        template.name = name
        change(&template)
        return template
    }
}
