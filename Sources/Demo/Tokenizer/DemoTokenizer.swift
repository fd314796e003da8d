import Foundation

/// The demo's own small byte-level BPE: 256 bytes, the learnt merges, then Qwen2-VL's special tokens.
struct DemoTokenizer: Sendable {
    /// In the order and with the names of Qwen2-VL's tokenizer.
    static let specialTokens = [
        "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>", "<|object_ref_end|>", "<|box_start|>",
        "<|box_end|>", "<|quad_start|>", "<|quad_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>",
        "<|image_pad|>", "<|video_pad|>",
    ]

    let merges: [BytePairTrainer.Merge]

    /// Number of tokens that are bytes or merges; special tokens follow.
    var numBaseTokens: Int { 256 + merges.count }

    /// Rows of the model's embedding.
    var vocabularySize: Int { numBaseTokens + Self.specialTokens.count }

    /// The id of a special token, or nil for any other text.
    func id(ofSpecial token: String) -> Int? {
        Self.specialTokens.firstIndex(of: token).map { numBaseTokens + $0 }
    }

    /// Learns from `fragments` (text and weight). Pairs merge inside a fragment only, so that the name of a thing keeps
    /// its own token wherever it stands.
    init(fragments: [(text: String, weight: Int)], maxMerges: Int) throws {
        let preTokenizer = try PreTokenizer()
        var pieces: [String: Int] = [:]
        for fragment in fragments {
            for piece in preTokenizer.pieces(of: fragment.text) { pieces[piece, default: 0] += fragment.weight }
        }
        merges = BytePairTrainer(maxMerges: maxMerges).train(pieces: pieces)
    }

    /// Token text in the stand-in alphabet, by id: bytes first, then merges.
    var baseTokens: [String] {
        (UInt8.min...UInt8.max).map { ByteAlphabet.text(of: [$0]) }
            + merges.map { ByteAlphabet.text(of: $0.left + $0.right) }
    }
}
