extension Tokenizer {
    /// Adds tokens that are not there yet, at the end of the vocabulary, and makes them special if asked.
    ///
    /// A token that the merges can already make keeps its id. Tokens that are not special are matched in normalized
    /// text, as in transformers' `add_tokens`.
    /// - Returns: how many ids are new; the embedding has to grow when there are more than it has rows.
    @discardableResult
    public mutating func addTokens(_ contents: [String], special: Bool) -> Int {
        var tokens = addedTokens
        var next = Int32(idLimit)
        var numNew = 0
        for content in contents where !content.isEmpty {
            if let index = tokens.firstIndex(where: { $0.content == content }) {
                if special { tokens[index].isSpecial = true }
                continue
            }
            var id = id(of: content)
            if id == nil {
                id = next
                next += 1
                numNew += 1
            }
            guard let id else { continue }
            tokens.append(AddedToken(id: id, content: content, isSpecial: special, isNormalized: !special))
        }
        if tokens != addedTokens { setAddedTokens(tokens) }
        return numNew
    }
}
