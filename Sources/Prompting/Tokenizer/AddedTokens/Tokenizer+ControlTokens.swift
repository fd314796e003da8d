extension Tokenizer {
    /// The special tokens that stand in a text, in order, as often as they do: what somebody typed there that the model
    /// would take for control tokens unless it is encoded as plain text.
    public func controlTokens(in text: String) -> [String] {
        var text = text
        var found: [String] = []
        func note(_ token: Int32) {
            if let token = addedToken(token), token.isSpecial { found.append(token.content) }
        }
        text.withUTF8 { bytes in
            rawMatcher.split(bytes, splitsSpecial: false) { part in
                if let token = part.token { return note(token) }
                guard let normalizedMatcher else { return }
                let plain = UnsafeBufferPointer(rebasing: bytes[part.range])
                let normalized = pipeline.normalized(plain) ?? Array(plain)
                normalized.withUnsafeBufferPointer { text in
                    normalizedMatcher.split(text, splitsSpecial: false) { part in
                        if let token = part.token { note(token) }
                    }
                }
            }
        }
        return found
    }
}
