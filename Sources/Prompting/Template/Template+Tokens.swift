extension Template {
    /// What `fit` changed in a tokenizer.
    public struct TokenizerChanges: Sendable, Hashable {
        /// Ids that are new: the embedding has to grow when it has no rows for them.
        public var numNewTokens = 0
        /// One sentence for each change, for the log.
        public var notes: [String] = []
    }

    /// Makes a tokenizer fit this template as LLaMA-Factory does: end of sequence, padding, stop words as special
    /// tokens, chat template.
    ///
    /// - Throws: when the template asks for its first stop word as end of sequence and has none.
    @discardableResult
    public func fit(_ tokenizer: inout Tokenizer) throws(TemplateError) -> TokenizerChanges {
        var changes = TokenizerChanges()
        var words = stopWords[...]
        if replacesEOS {
            guard let first = words.popFirst() else {
                throw TemplateError("template \(name) replaces the end of sequence but has no stop words")
            }
            setEOS(first, &tokenizer, &changes)
        }
        if tokenizer.eosID == nil { setEOS("<|endoftext|>", &tokenizer, &changes) }
        if tokenizer.padID == nil {
            tokenizer.padID = tokenizer.eosID
            changes.notes.append("The tokenizer has no padding token: its end of sequence is used.")
        }
        if !words.isEmpty {
            changes.numNewTokens += tokenizer.addTokens(Array(words), special: true)
            changes.notes.append("Stop words: \(words.joined(separator: ", ")).")
        }
        if tokenizer.chatTemplate == nil || replacesJinja, let text = try? jinja(tokenizer: tokenizer) {
            tokenizer.chatTemplate = text
        }
        if changes.numNewTokens > 0 {
            changes.notes.append("\(changes.numNewTokens) tokens are new: the vocabulary has to be resized.")
        }
        return changes
    }

    private func setEOS(_ token: String, _ tokenizer: inout Tokenizer, _ changes: inout TokenizerChanges) {
        let old = tokenizer.eosID.flatMap(tokenizer.token(for:))
        guard old != token else { return }
        changes.numNewTokens += tokenizer.addTokens([token], special: true)
        tokenizer.eosID = tokenizer.id(of: token)
        changes.notes.append("The end of sequence is now \(token)\(old.map { " instead of \($0)" } ?? "").")
    }

    /// The ids that end a reply: the end of sequence and the stop words, in that order.
    public func stopIDs(tokenizer: Tokenizer) -> [Int32] {
        var ids = tokenizer.eosID.map { [$0] } ?? []
        for word in stopWords {
            if let id = tokenizer.id(of: word), !ids.contains(id) { ids.append(id) }
        }
        return ids
    }
}
