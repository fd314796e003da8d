import Prompting

/// How many tokens a row's texts can have at most, whatever the tokenizer: known without one.
public struct TextSize: Sendable, Hashable {
    /// Bytes after any normalization: no token is shorter than a byte.
    public let maxBytes: Int32
    /// Number of messages, each of which a template frames with tokens of its own.
    public let numMessages: Int32

    /// The size of rows whose tokens depend on more than their texts.
    static let unknown = TextSize(maxBytes: -1, numMessages: 0)

    var isKnown: Bool { maxBytes >= 0 }

    private init(maxBytes: Int32, numMessages: Int32) {
        self.maxBytes = maxBytes
        self.numMessages = numMessages
    }

    /// The size of a conversation of user and assistant; that of one with tools is not known, for templates rewrite those.
    init(_ conversation: Conversation) {
        guard conversation.tools == nil,
            conversation.messages.allSatisfy({ $0.role == .user || $0.role == .assistant })
        else {
            self = .unknown
            return
        }
        var bytes = Self.maxBytes(conversation.system ?? "")
        for message in conversation.messages { bytes += Self.maxBytes(message.text) }
        self.init(maxBytes: Int32(clamping: bytes), numMessages: Int32(clamping: conversation.messages.count))
    }

    /// ASCII, CJK ideographs and full-width letters never grow when text is normalized, kana and CJK punctuation to twice
    /// their bytes (U+309F); of other characters NFKC makes up to eleven times as many bytes (U+FDFA).
    private static func maxBytes(_ text: String) -> Int {
        var text = text
        return text.withUTF8 { bytes in
            var sum = 0, place = 0
            while place < bytes.count {
                let byte = bytes[place]
                if byte < 0x80 {
                    sum += 1
                    place += 1
                    continue
                }
                let next = place + 1 < bytes.count ? bytes[place + 1] : 0
                let width = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2
                let isIdeograph = (0xE4...0xE9).contains(byte) || (byte == 0xE3 && next >= 0x90)
                let isKana = byte == 0xE3 && (0x80...0x83).contains(next)
                let isFullWidth = byte == 0xEF && (next == 0xBC || next == 0xBD)
                sum += isIdeograph || isFullWidth ? width : width * (isKana ? 2 : 12)
                place += width
            }
            return sum
        }
    }
}
