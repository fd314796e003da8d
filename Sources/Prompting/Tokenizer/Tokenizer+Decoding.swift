extension Tokenizer {
    /// The text of ids; bytes that form no character become U+FFFD, unknown ids nothing.
    public func decode(_ ids: some Sequence<Int32>, skipSpecialTokens: Bool = false) -> String {
        var bytes: [UInt8] = []
        for id in ids { appendBytes(of: id, skipSpecialTokens: skipSpecialTokens, to: &bytes) }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends the bytes one id stands for.
    func appendBytes(of id: Int32, skipSpecialTokens: Bool, to bytes: inout [UInt8]) {
        if let added = addedToken(id) {
            if skipSpecialTokens, added.isSpecial { return }
            bytes.append(contentsOf: ByteAlphabet.decode(added.content) ?? Array(added.content.utf8))
        } else if let token = pipeline.model.vocabulary.bytes(of: id) {
            bytes.append(contentsOf: token)
        }
    }
}
