extension Tokenizer {
    /// The bytes that one id stands for inside a text; empty for an unknown id.
    public func bytes(of id: Int32) -> [UInt8] {
        guard let token = decodedToken(id, skipSpecialTokens: false) else { return [] }
        if case .byteLevel = decoder.first { return token }
        let fallsBack = decoder.contains { if case .byteFallback = $0 { true } else { false } }
        if fallsBack, let byte = DecodingStream.byte(token) { return [byte] }
        // Between two letters, so that what happens at the ends of a text does not touch it.
        let letter = Array("x".utf8)
        var stream = DecodingStream(decoder)
        let text = stream.push(letter) + stream.push(token) + stream.push(letter) + stream.finish()
        guard text.count >= 2, text.first == letter[0], text.last == letter[0] else { return token }
        return Array(text[1..<(text.count - 1)])
    }
}
