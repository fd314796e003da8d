extension Tokenizer {
    /// The text of ids; bytes that form no character become U+FFFD, unknown ids nothing.
    ///
    /// - Parameter cleansUp: remove spaces before punctuation where the model's files ask for it, as transformers' `decode`
    ///   and `batch_decode` do.
    public func decode(
        _ ids: some Sequence<Int32>, skipSpecialTokens: Bool = false, cleansUp: Bool = false
    ) -> String {
        var stream = DecodingStream(decoder)
        var text: [UInt8] = []
        for id in ids {
            if let token = decodedToken(id, skipSpecialTokens: skipSpecialTokens) { text += stream.push(token) }
        }
        text += stream.finish()
        let decoded = String(decoding: text, as: UTF8.self)
        return cleansUp && cleansUpSpaces ? SpaceCleanup.cleaned(decoded) : decoded
    }

    /// A token as the decoder takes it: its bytes where the decoder begins with those, else its text. Nil for an id that
    /// stands for nothing.
    func decodedToken(_ id: Int32, skipSpecialTokens: Bool) -> [UInt8]? {
        let vocabulary = pipeline.vocabulary
        let takesBytes = if case .byteLevel = decoder.first { true } else { false }
        if let added = addedToken(id) {
            if skipSpecialTokens, added.isSpecial { return nil }
            return takesBytes
                ? ByteAlphabet.decode(added.content) ?? Array(added.content.utf8) : Array(added.content.utf8)
        }
        guard takesBytes == vocabulary.isByteLevel else {
            return vocabulary.text(of: id).map {
                takesBytes ? ByteAlphabet.decode($0) ?? Array($0.utf8) : Array($0.utf8)
            }
        }
        return vocabulary.bytes(of: id).map { Array($0) }
    }
}
