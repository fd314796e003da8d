/// One piece of a template. Every text piece is tokenized alone, so slot borders are token borders.
public enum Slot: Sendable, Hashable, ExpressibleByStringLiteral {
    /// Text; `{{content}}` in it stands for the message, `{{idx}}` for the number of the user turn.
    case text(String)
    /// The tokenizer's start of sequence, nothing when it has none.
    case bos
    /// The tokenizer's end of sequence, nothing when it has none.
    case eos
    /// The token with this name.
    case token(String)

    public init(stringLiteral value: String) { self = .text(value) }

    /// Whether the message goes in here.
    var holdsContent: Bool {
        if case .text(let text) = self { text.bytesContain("{{content}}") } else { false }
    }

    /// The slot with the message filled in; nothing in the message itself is ever replaced.
    func filled(content: String, turn: Int) -> Slot {
        guard case .text(let text) = self else { return self }
        let parts = text.splitOnce(at: "{{content}}")
        let head = parts.head.replacingOnce("{{idx}}", with: String(turn))
        guard let tail = parts.tail else { return .text(head) }
        return .text(head + content + tail.replacingOnce("{{idx}}", with: String(turn)))
    }
}
