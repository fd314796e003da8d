extension Tokenizer {
    /// Fails unless every id has a row in a model's embedding.
    ///
    /// - Parameters:
    ///   - rows: rows of the embedding.
    ///   - model: name of the model's folder, for the message.
    public func check(fitsEmbeddingOf rows: Int, model: String) throws(TokenizerError) {
        guard idLimit > rows else { return }
        let last = token(for: Int32(idLimit - 1)).map { " (\($0))" } ?? ""
        throw TokenizerError(
            .vocabularyMismatch,
            "the tokenizer of \(model) has ids up to \(idLimit - 1)\(last) but the model's embedding has \(rows) rows: "
                + "use the tokenizer that came with the model, or set resize_vocab: true when tokens were added on purpose"
        )
    }
}
