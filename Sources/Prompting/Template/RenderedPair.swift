/// A prompt and its answer as a template writes them, before any tokenizer.
public struct RenderedPair: Sendable, Hashable {
    public var prompt: [Slot]
    public var response: [Slot]

    public init(prompt: [Slot], response: [Slot]) {
        self.prompt = prompt
        self.response = response
    }
}

extension [Slot] {
    /// The pieces as text; `<BOS>` and `<EOS>` stand for the tokenizer's own tokens.
    public var rendered: String { map(\.rendered).joined() }
}

extension Slot {
    /// The piece as text; `<BOS>` and `<EOS>` stand for the tokenizer's own tokens.
    public var rendered: String {
        switch self {
        case .text(let text), .token(let text): text
        case .bos: "<BOS>"
        case .eos: "<EOS>"
        }
    }
}
