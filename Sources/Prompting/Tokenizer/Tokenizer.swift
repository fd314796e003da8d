/// Text to token ids and back, equal to Hugging Face's `tokenizers`.
///
/// It is a value: adding tokens or changing the end-of-sequence token changes this copy only, while the vocabulary
/// is shared. All methods may be called from any thread.
public struct Tokenizer: Sendable {
    let pipeline: TextPipeline
    let decoder: [DecoderStep]
    /// What the model's own encoding puts around a text.
    let frame: TokenFrame
    /// The folder it was loaded from.
    var source: String?
    /// Tokens outside the merges, by id.
    public private(set) var addedTokens: [AddedToken]
    private(set) var rawMatcher: AddedTokenMatcher
    private(set) var normalizedMatcher: AddedTokenMatcher?
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

    /// Whether transformers removes spaces before punctuation from decoded text (`clean_up_tokenization_spaces`).
    public var cleansUpSpaces = false

    init(pipeline: TextPipeline, decoder: [DecoderStep], frame: TokenFrame, addedTokens: [AddedToken]) {
        self.pipeline = pipeline
        self.decoder = decoder
        self.frame = frame
        self.addedTokens = []
        rawMatcher = AddedTokenMatcher([])
        setAddedTokens(addedTokens)
    }

    /// Number of ids, added tokens included: what the embedding must hold at least, and one more than the greatest id
    /// unless the vocabulary has gaps.
    public var vocabularySize: Int {
        pipeline.vocabulary.count + addedTokens.count { pipeline.vocabulary.bytes(of: $0.id) == nil }
    }

    /// One more than the greatest id.
    public var idLimit: Int {
        max(pipeline.vocabulary.idLimit, Int(addedTokens.last?.id ?? -1) + 1)
    }

    /// Replaces the added tokens and builds what finds them.
    mutating func setAddedTokens(_ tokens: [AddedToken]) {
        addedTokens = tokens.sorted { $0.id < $1.id }
        rawMatcher = AddedTokenMatcher(addedTokens.filter { !$0.isNormalized })
        let normalized = addedTokens.filter(\.isNormalized).map { token in
            var token = token
            token.content = pipeline.normalized(token.content)
            return token
        }
        normalizedMatcher = normalized.isEmpty ? nil : AddedTokenMatcher(normalized)
        addedIDs = Dictionary(addedTokens.map { ($0.content, $0.id) }, uniquingKeysWith: { $1 })
        addedByID = Dictionary(addedTokens.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
    }

    /// The ids of a text. Added tokens in it are recognised; none is put before or after it.
    ///
    /// - Parameters:
    ///   - splitSpecialTokens: treat special tokens in the text as plain text.
    ///   - plainRanges: parts of the text, as offsets in its UTF-8, where special tokens are plain text: what a user typed
    ///     between a template's own control tokens. Text without control tokens gets the same ids with and without it.
    ///   - addsSpecialTokens: put before and after it what the model's own encoding puts there (`<s>`, `</s>`, …).
    public func encode(
        _ text: String, splitSpecialTokens: Bool = false, plainRanges: [Range<Int>] = [],
        addsSpecialTokens: Bool = false
    ) -> [Int32] {
        var text = text
        var output: [Int32] = addsSpecialTokens ? frame.before : []
        output.reserveCapacity(text.utf8.count / 3 + 4)
        text.withUTF8 { bytes in
            pipeline.withScratch { scratch in
                rawMatcher.split(bytes, splitsSpecial: splitSpecialTokens, plainRanges: plainRanges) { part in
                    if let token = part.token {
                        output.append(token)
                    } else {
                        let plain = UnsafeBufferPointer(rebasing: bytes[part.range])
                        let splits = splitSpecialTokens || plainRanges.contains { $0.overlaps(part.range) }
                        encodePlain(
                            plain, splits, isFirst: part.range.lowerBound == 0, into: &output, scratch)
                    }
                }
            }
        }
        return addsSpecialTokens ? output + frame.after : output
    }

    private func encodePlain(
        _ text: UnsafeBufferPointer<UInt8>, _ splitsSpecial: Bool, isFirst: Bool, into output: inout [Int32],
        _ scratch: EncodingScratch
    ) {
        if let normalized = pipeline.normalized(text) {
            normalized.withUnsafeBufferPointer {
                encodeNormalized($0, splitsSpecial, isFirst: isFirst, into: &output, scratch)
            }
        } else {
            encodeNormalized(text, splitsSpecial, isFirst: isFirst, into: &output, scratch)
        }
    }

    private func encodeNormalized(
        _ text: UnsafeBufferPointer<UInt8>, _ splitsSpecial: Bool, isFirst: Bool, into output: inout [Int32],
        _ scratch: EncodingScratch
    ) {
        guard let matcher = normalizedMatcher else {
            pipeline.encode(text, isFirst: isFirst, into: &output, scratch)
            return
        }
        matcher.split(text, splitsSpecial: splitsSpecial) { part in
            if let token = part.token {
                output.append(token)
            } else {
                pipeline.encode(
                    UnsafeBufferPointer(rebasing: text[part.range]), isFirst: isFirst && part.range.lowerBound == 0,
                    into: &output, scratch)
            }
        }
    }

    /// The id of a token as the vocabulary writes it (byte-level tokens in GPT-2's alphabet), nil when there is none.
    public func id(of token: String) -> Int32? {
        addedIDs[token] ?? pipeline.vocabulary.id(of: token)
    }

    /// The token of an id as the vocabulary writes it, nil for an unknown id.
    public func token(for id: Int32) -> String? {
        addedByID[id]?.content ?? pipeline.vocabulary.text(of: id)
    }

    /// Whether an id is a control token.
    public func isSpecial(_ id: Int32) -> Bool { addedByID[id]?.isSpecial ?? false }

    /// The added token with this id, if it is one.
    func addedToken(_ id: Int32) -> AddedToken? { addedByID[id] }
}
