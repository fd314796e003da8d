import Foundation
import Inference
import JSON
import Media
import Prompting

/// The messages of a request as a conversation: roles in turn, media in their places, tool calls as the template writes
/// them.
struct ChatMessages {
    private let encoder: PromptEncoder
    private let settings: ServerSettings
    private var conversation = Conversation(messages: [])
    private var system: [String] = []
    /// Media to be read, in the order of their marks.
    private(set) var images: [MediaReference] = []
    private(set) var videos: [MediaReference] = []
    /// The beginning of the answer, when the last message is to be continued.
    private(set) var continued: String?
    /// A guarded text may not hold these as marks of media.
    private static let marks = ["<image>", "<video>", "<audio>"]

    init(_ messages: [JSONValue], encoder: PromptEncoder, settings: ServerSettings, continues: Bool) throws(APIError) {
        self.encoder = encoder
        self.settings = settings
        guard !messages.isEmpty else { throw .invalid("messages", "must not be empty") }
        guard messages.count <= 4096 else { throw .invalid("messages", "has more than 4096 messages") }
        for (index, value) in messages.enumerated() {
            let fields = try Fields(value, path: "messages[\(index)].")
            try add(fields, isLast: index == messages.count - 1, continues: continues)
        }
        if !system.isEmpty { conversation.system = system.joined(separator: "\n\n") }
        guard let last = conversation.messages.last else {
            throw .invalid("messages", "has no user message")
        }
        if last.role == .assistant || last.role == .function {
            guard continues, last.role == .assistant else {
                throw .invalid(
                    "messages", "the last message must be by the user or a tool (or set continue_final_message: true)")
            }
            conversation.messages.removeLast()
            continued = last.content
        } else if continues {
            throw .invalid("continue_final_message", "needs a last message by the assistant")
        }
    }

    /// The conversation, with its media.
    func conversation(images: [MediaSource], videos: [MediaSource], tools: String?) -> Conversation {
        var result = conversation
        result.images = images
        result.videos = videos
        result.tools = tools.map { settings.allowsSpecialTokens ? $0 : encoder.tokenizer.guarded($0) }
        return result
    }

    private mutating func add(_ fields: Fields, isLast: Bool, continues: Bool) throws(APIError) {
        guard let role = try fields.string("role") else { throw fields.invalid("role", "is missing") }
        switch role {
        case "system", "developer":
            guard conversation.messages.isEmpty else {
                throw fields.invalid("role", "a \(role) message must come before all others")
            }
            system.append(try content(fields, allowed: []) ?? "")
        case "user":
            guard let text = try content(fields, allowed: []) else { throw fields.invalid("content", "is missing") }
            append(.user, text, separator: "\n\n")
        case "tool":
            append(
                .observation, try content(fields, allowed: []) ?? "", separator: "\n</tool_response>\n<tool_response>\n"
            )
        case "assistant", "function":
            guard !conversation.messages.isEmpty else {
                throw fields.invalid("role", "the conversation must begin with a user message")
            }
            try addAnswer(fields)
        default:
            throw fields.invalid("role", "\(quoted(role)) is none of system, developer, user, assistant, tool")
        }
    }

    /// Joins messages of one side that follow each other: the template knows turns only.
    private mutating func append(_ role: Role, _ text: String, separator: String) {
        guard let last = conversation.messages.indices.last else {
            conversation.messages.append(Message(role, text))
            return
        }
        let lastIsAnswer = [.assistant, .function].contains(conversation.messages[last].role)
        if lastIsAnswer == [.assistant, .function].contains(role) {
            let isSame = conversation.messages[last].role == role
            conversation.messages[last].content += (isSame ? separator : "\n\n") + text
        } else {
            conversation.messages.append(Message(role, text))
        }
    }

    private mutating func addAnswer(_ fields: Fields) throws(APIError) {
        let words = encoder.template.thoughtWords
        let kept = Set([words.open, words.close].map { $0.trimmingCharacters(in: .whitespacesAndNewlines) })
        var text = try content(fields, allowed: kept) ?? ""
        let key = fields["reasoning_content"] == nil ? "reasoning" : "reasoning_content"
        if let thought = try fields.string(key), !thought.isEmpty,
            encoder.template.isReasoning
        {
            text = words.open + guarded(thought) + words.close + text
        }
        guard let calls = try fields.array("tool_calls"), !calls.isEmpty else {
            return append(.assistant, text, separator: "\n")
        }
        var values: [JSONValue] = []
        for (index, value) in calls.enumerated() {
            let call = try Fields(value, path: "\(fields.path)tool_calls[\(index)].")
            guard let function = try call.object("function") else { throw call.invalid("function", "is missing") }
            values.append(try Self.call(function))
        }
        let json = guarded(JSONValue.array(values).text())
        let marks = encoder.template.toolCallWords
        append(.function, text.isEmpty ? json : text + marks.open + json + marks.close, separator: "\n")
    }

    /// A call with its arguments as an object; OpenAI sends them as JSON text.
    private static func call(_ function: Fields) throws(APIError) -> JSONValue {
        guard let name = try function.string("name") else { throw function.invalid("name", "is missing") }
        var arguments = function["arguments"] ?? .object([])
        if let text = arguments.stringValue {
            do {
                arguments = text.isEmpty ? .object([]) : try JSONValue(parsing: text)
            } catch {
                throw function.invalid("arguments", "is not JSON: \(error)")
            }
        }
        guard arguments.members != nil else { throw function.invalid("arguments", "must be a JSON object") }
        return .object([JSONMember("name", .string(name)), JSONMember("arguments", arguments)])
    }

    private func guarded(_ text: String, words: [String] = [], allowed: Set<String> = []) -> String {
        if settings.allowsSpecialTokens, words.isEmpty { return text }
        return encoder.tokenizer.guarded(
            text, words: words,
            allowed: settings.allowsSpecialTokens
                ? Set(encoder.tokenizer.addedTokens.map(\.content)) : allowed)
    }

    /// The text of a message with marks where media stand: a text, or parts in order.
    ///
    /// Media take the places of `<image>` marks in the text when there are as many marks as media, and stand where their
    /// parts stand when there are no marks. A mark without media is plain text.
    private mutating func content(_ fields: Fields, allowed: Set<String>) throws(APIError) -> String? {
        guard let value = fields["content"] else { return nil }
        if let text = value.stringValue { return guarded(text, words: Self.marks, allowed: allowed) }
        guard let items = value.arrayValue else {
            throw fields.invalid("content", "must be text or a list of parts, not \(value.kind)")
        }
        var parts: [ContentPart] = []
        for (index, item) in items.enumerated() {
            parts.append(try ContentPart(Fields(item, path: "\(fields.path)content[\(index)].")))
        }
        let placed = try MediaPlaces(parts, fields)
        var text = ""
        for part in parts {
            switch part {
            case .text(let piece):
                var words = Self.marks
                if placed.imagesAreInText { words.removeAll { $0 == "<image>" } }
                if placed.videosAreInText { words.removeAll { $0 == "<video>" } }
                text += guarded(piece, words: words, allowed: allowed)
            case .image(let reference):
                if !placed.imagesAreInText { text += "<image>" }
                images.append(reference)
            case .video(let reference):
                if !placed.videosAreInText { text += "<video>" }
                videos.append(reference)
            }
        }
        guard images.count <= settings.maxImages else {
            throw fields.invalid("content", "At most \(settings.maxImages) image(s) may be provided in one request.")
        }
        guard videos.count <= settings.maxVideos else {
            throw fields.invalid("content", "At most \(settings.maxVideos) video(s) may be provided in one request.")
        }
        return text
    }
}

/// One part of a message.
enum ContentPart: Sendable, Equatable {
    case text(String)
    case image(MediaReference)
    case video(MediaReference)

    init(_ fields: Fields) throws(APIError) {
        switch try fields.string("type") ?? (fields["text"] == nil ? "" : "text") {
        case "text", "input_text", "output_text":
            guard let text = try fields.string("text") else { throw fields.invalid("text", "is missing") }
            self = .text(text)
        case "image_url", "input_image", "image": self = .image(try Self.url(fields, ["image_url", "image", "url"]))
        case "video_url", "video": self = .video(try Self.url(fields, ["video_url", "video", "url"]))
        case "audio_url", "input_audio", "audio": throw fields.invalid("type", "audio is not supported")
        case let type: throw fields.invalid("type", "\(quoted(type)) is none of text, image_url, video_url")
        }
    }

    /// The URL of a part: a text, or an object with `url`.
    private static func url(_ fields: Fields, _ keys: [String]) throws(APIError) -> MediaReference {
        for key in keys {
            guard let value = fields[key] else { continue }
            let field = fields.path + key
            if let text = value.stringValue { return MediaReference(url: text, field: field) }
            guard let text = try Fields(value, path: field + ".").string("url") else {
                throw .invalid(field + ".url", "is missing")
            }
            return MediaReference(url: text, field: field + ".url")
        }
        throw fields.invalid(keys[0], "is missing")
    }
}

/// Where the media of one message stand.
private struct MediaPlaces {
    var imagesAreInText = false
    var videosAreInText = false

    init(_ parts: [ContentPart], _ fields: Fields) throws(APIError) {
        var numImages = 0, numVideos = 0, text = ""
        for part in parts {
            switch part {
            case .text(let piece): text += piece
            case .image: numImages += 1
            case .video: numVideos += 1
            }
        }
        imagesAreInText = try Self.areInText(text, "<image>", numImages, fields)
        videosAreInText = try Self.areInText(text, "<video>", numVideos, fields)
    }

    private static func areInText(_ text: String, _ mark: String, _ count: Int, _ fields: Fields) throws(APIError)
        -> Bool
    {
        let numMarks = text.components(separatedBy: mark).count - 1
        guard count > 0, numMarks > 0 else { return false }
        guard numMarks == count else {
            throw fields.invalid("content", "the text has \(numMarks) \(mark) marks, but \(count) files come with it")
        }
        return true
    }
}

/// A picture or video that a request names, not read yet.
struct MediaReference: Sendable, Hashable {
    var url: String
    /// The field it stands in, for messages.
    var field: String
}
