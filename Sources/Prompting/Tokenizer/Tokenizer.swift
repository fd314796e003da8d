/// Text to token ids and back, equal to Hugging Face's `tokenizers` for byte-level BPE models.
///
/// It is a value: adding tokens or changing the end-of-sequence token changes this copy only, while the vocabulary
/// is shared. All methods may be called from any thread.
public struct Tokenizer: Sendable {
    let pipeline: TextPipeline
    /// Tokens outside the merges, by id.
    public private(set) var addedTokens: [AddedToken]
    private var rawMatcher: AddedTokenMatcher
    private var normalizedMatcher: AddedTokenMatcher?
    private var addedIDs: [String: Int32] = [:]
    private var addedByID: [Int32: AddedToken] = [:]

    /// Start of sequence, nil when the model has none.
    public var bosID: Int32?
    /// End of sequence.
    public var eosID: Int32?
    /// What fills the rest of a batch's rows.
    public var padID: Int32?
    /// Jinja text of the model's own chat template.
    public var chatTemplate: String?
    /// The length the model was made for, in tokens; nil when the folder does not say.
    public var modelMaxLength: Int?
    /// Whether the model's own encoding puts `bosID` first (`encode` never does; templates and packing ask).
    public var addsBOS = false

    init(pipeline: TextPipeline, addedTokens: [AddedToken]) {
        self.pipeline = pipeline
        self.addedTokens = []
        rawMatcher = AddedTokenMatcher([])
        setAddedTokens(addedTokens)
    }

    /// Number of ids, added tokens included: what the embedding must hold at least, and one more than the greatest id
    /// unless the vocabulary has gaps.
    public var vocabularySize: Int {
        pipeline.model.vocabulary.count + addedTokens.count { pipeline.model.vocabulary.bytes(of: $0.id) == nil }
    }

    /// One more than the greatest id.
    public var idLimit: Int {
        max(pipeline.model.vocabulary.idLimit, Int(addedTokens.last?.id ?? -1) + 1)
    }

    /// Replaces the added tokens and builds what finds them.
    mutating func setAddedTokens(_ tokens: [AddedToken]) {
        addedTokens = tokens.sorted { $0.id < $1.id }
        rawMatcher = AddedTokenMatcher(addedTokens.filter { !$0.isNormalized })
        let normalized = addedTokens.filter(\.isNormalized).map { token in
            var token = token
            if pipeline.normalizes { token.content = CanonicalComposition.shared.normalize(token.content) }
            return token
        }
        normalizedMatcher = normalized.isEmpty ? nil : AddedTokenMatcher(normalized)
        addedIDs = Dictionary(addedTokens.map { ($0.content, $0.id) }, uniquingKeysWith: { $1 })
        addedByID = Dictionary(addedTokens.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
    }

    /// The ids of a text. Added tokens in it are recognised; none is put before or after it.
    ///
    /// - Parameter splitSpecialTokens: treat special tokens in the text as plain text.
    public func encode(_ text: String, splitSpecialTokens: Bool = false) -> [Int32] {
        var text = text
        var output: [Int32] = []
        output.reserveCapacity(text.utf8.count / 3 + 4)
        text.withUTF8 { bytes in
            pipeline.withScratch { scratch in
                rawMatcher.split(bytes, splitsSpecial: splitSpecialTokens) { part in
                    if let token = part.token {
                        output.append(token)
                    } else {
                        let plain = UnsafeBufferPointer(rebasing: bytes[part.range])
                        encodePlain(plain, splitSpecialTokens, into: &output, scratch)
                    }
                }
            }
        }
        return output
    }

    private func encodePlain(
        _ text: UnsafeBufferPointer<UInt8>, _ splitsSpecial: Bool, into output: inout [Int32],
        _ scratch: EncodingScratch
    ) {
        if let normalized = pipeline.normalized(text) {
            normalized.withUnsafeBufferPointer { encodeNormalized($0, splitsSpecial, into: &output, scratch) }
        } else {
            encodeNormalized(text, splitsSpecial, into: &output, scratch)
        }
    }

    private func encodeNormalized(
        _ text: UnsafeBufferPointer<UInt8>, _ splitsSpecial: Bool, into output: inout [Int32],
        _ scratch: EncodingScratch
    ) {
        guard let matcher = normalizedMatcher else {
            pipeline.encode(text, into: &output, scratch)
            return
        }
        matcher.split(text, splitsSpecial: splitsSpecial) { part in
            if let token = part.token {
                output.append(token)
            } else {
                pipeline.encode(UnsafeBufferPointer(rebasing: text[part.range]), into: &output, scratch)
            }
        }
    }

    /// The id of a token as the vocabulary writes it (byte-level tokens in GPT-2's alphabet), nil when there is none.
    public func id(of token: String) -> Int32? {
        if let id = addedIDs[token] { return id }
        let vocabulary = pipeline.model.vocabulary
        guard let bytes = ByteAlphabet.decode(token), !bytes.isEmpty else { return vocabulary.foreign[token] }
        let id = bytes.withUnsafeBufferPointer { buffer in
            buffer.baseAddress.map { vocabulary.id(of: $0, count: buffer.count) } ?? TokenVocabulary.absent
        }
        return id == TokenVocabulary.absent ? nil : id
    }

    /// The token of an id as the vocabulary writes it, nil for an unknown id.
    public func token(for id: Int32) -> String? {
        if let added = addedByID[id] { return added.content }
        guard let bytes = pipeline.model.vocabulary.bytes(of: id) else { return nil }
        if let foreign = pipeline.model.vocabulary.foreign.first(where: { $0.value == id }) { return foreign.key }
        return ByteAlphabet.encode(bytes)
    }

    /// Whether an id is a control token.
    public func isSpecial(_ id: Int32) -> Bool { addedByID[id]?.isSpecial ?? false }

    /// The added token with this id, if it is one.
    func addedToken(_ id: Int32) -> AddedToken? { addedByID[id] }
}
