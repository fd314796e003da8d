/// Turns ids into text one by one and never gives out half a character; all its texts together equal
/// `Tokenizer.decode` of all the ids, cleaned up.
///
/// What later ids can still change is kept back: an unfinished character, the bytes of a run of byte tokens
/// (`<0xE4><0xBD>…`, which counts as a whole), the last token where a word-end suffix may become a space.
public struct StreamingDetokenizer: Sendable {
    private let tokenizer: Tokenizer
    private let skipSpecialTokens: Bool
    private var stream: DecodingStream
    private var cleanup: SpaceCleanup?

    public init(_ tokenizer: Tokenizer, skipSpecialTokens: Bool = true) {
        self.tokenizer = tokenizer
        self.skipSpecialTokens = skipSpecialTokens
        stream = DecodingStream(tokenizer.decoder)
        cleanup = tokenizer.cleansUpSpaces ? SpaceCleanup() : nil
    }

    /// The text that became complete with this id; empty while a character is unfinished.
    public mutating func append(_ id: Int32) -> String {
        guard let token = tokenizer.decodedToken(id, skipSpecialTokens: skipSpecialTokens) else { return "" }
        let text = String(decoding: stream.push(token), as: UTF8.self)
        return cleanup?.push(text) ?? text
    }

    /// What is left at the end: U+FFFD for an unfinished character, else what was kept back.
    public mutating func finish() -> String {
        let rest = String(decoding: stream.finish(), as: UTF8.self)
        guard let more = cleanup?.push(rest) else { return rest }
        return more + (cleanup?.finish() ?? "")
    }
}
