/// Turns ids into text one by one and never gives out half a character; all its texts together equal
/// `Tokenizer.decode` of all the ids.
public struct StreamingDetokenizer: Sendable {
    private let tokenizer: Tokenizer
    private let skipSpecialTokens: Bool
    /// Bytes of a character that is not complete yet: at most three.
    private var pending: [UInt8] = []

    public init(_ tokenizer: Tokenizer, skipSpecialTokens: Bool = true) {
        self.tokenizer = tokenizer
        self.skipSpecialTokens = skipSpecialTokens
    }

    /// The text that became complete with this id; empty while a character is unfinished.
    public mutating func append(_ id: Int32) -> String {
        tokenizer.appendBytes(of: id, skipSpecialTokens: skipSpecialTokens, to: &pending)
        let complete = pending.count - Self.unfinished(pending)
        let text = String(decoding: pending[..<complete], as: UTF8.self)
        pending.removeFirst(complete)
        return text
    }

    /// What is left at the end: U+FFFD for an unfinished character, else nothing.
    public mutating func finish() -> String {
        defer { pending.removeAll() }
        return String(decoding: pending, as: UTF8.self)
    }

    /// How many of the last bytes begin a character that further bytes could complete.
    private static func unfinished(_ bytes: [UInt8]) -> Int {
        for back in 1...3 where back <= bytes.count {
            let byte = bytes[bytes.count - back]
            if byte & 0xC0 == 0x80 { continue }
            let length = byte >= 0xF0 && byte < 0xF5 ? 4 : byte >= 0xE0 && byte < 0xF0 ? 3 : byte >= 0xC2 ? 2 : 1
            guard length > back, byte < 0xF5 else { return 0 }
            // The second byte decides for some first bytes whether a character can follow at all.
            if back > 1 {
                let second = bytes[bytes.count - back + 1]
                let isPossible =
                    switch byte {
                    case 0xE0: second >= 0xA0
                    case 0xED: second < 0xA0
                    case 0xF0: second >= 0x90
                    case 0xF4: second < 0x90
                    default: true
                    }
                if !isPossible { return 0 }
            }
            return back
        }
        return 0
    }
}
