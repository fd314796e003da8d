/// Text between added tokens to ids: normalize, cut into pieces, encode each.
final class TextPipeline: Sendable {
    let vocabulary: TokenVocabulary
    let model: TokenModel
    private let normalizer: [NormalizerStep]
    private let steps: [PreTokenizerStep]
    /// Whether pieces come out in GPT-2's alphabet although the model takes bytes.
    private let writesAlphabet: Bool
    private let scratchPool = ScratchPool()

    init(
        vocabulary: TokenVocabulary, model: TokenModel, normalizer: [NormalizerStep], steps: [PreTokenizerStep]
    ) {
        self.vocabulary = vocabulary
        self.model = model
        self.normalizer = normalizer
        // The model takes bytes, so that writing them in the alphabet is left out unless a later step looks at it.
        var steps = steps
        if case .byteAlphabet = steps.last { steps.removeLast() }
        self.steps = steps
        writesAlphabet =
            steps.contains { if case .byteAlphabet = $0 { true } else { false } }
            || normalizer.contains { if case .byteAlphabet = $0 { true } else { false } }
    }

    func withScratch<Result>(_ body: (EncodingScratch) -> Result) -> Result { scratchPool.withScratch(body) }

    /// The normalized text as UTF-8, or nil when it is that already.
    func normalized(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        var result: [UInt8]?
        for step in normalizer {
            if let next = result.map({ $0.withUnsafeBufferPointer(step.apply) }) ?? step.apply(text) { result = next }
        }
        return result
    }

    /// A normalized text.
    func normalized(_ text: String) -> String {
        var text = text
        return text.withUTF8 { normalized($0).map { String(decoding: $0, as: UTF8.self) } } ?? text
    }

    /// Appends the ids of normalized text.
    ///
    /// - Parameter isFirst: whether it stands at the start of the whole text.
    func encode(
        _ text: UnsafeBufferPointer<UInt8>, isFirst: Bool, into output: inout [Int32], _ scratch: EncodingScratch
    ) {
        guard !text.isEmpty else { return }
        run(0, text, [Piece(start: 0, end: text.count)], isFirst, into: &output, scratch)
    }

    private struct Piece {
        var start: Int
        var end: Int
    }

    /// Runs the steps from one on. The last step's pieces go to the model one by one.
    private func run(
        _ index: Int, _ text: UnsafeBufferPointer<UInt8>, _ pieces: [Piece], _ isFirst: Bool,
        into output: inout [Int32], _ scratch: EncodingScratch
    ) {
        guard let base = text.baseAddress else { return }
        guard index < steps.count else {
            for piece in pieces { encodePiece(base + piece.start, piece.end - piece.start, into: &output, scratch) }
            return
        }
        guard case .split(let splitter) = steps[index] else {
            rewrite(index, text, pieces, isFirst, into: &output, scratch)
            return
        }
        if index == steps.count - 1 {
            for piece in pieces {
                splitter.split(base, piece.start, piece.end) { start, end in
                    encodePiece(base + start, end - start, into: &output, scratch)
                }
            }
        } else {
            var next: [Piece] = []
            next.reserveCapacity(pieces.count + text.count / 8)
            for piece in pieces {
                splitter.split(base, piece.start, piece.end) { next.append(Piece(start: $0, end: $1)) }
            }
            run(index + 1, text, next, isFirst, into: &output, scratch)
        }
    }

    private func rewrite(
        _ index: Int, _ text: UnsafeBufferPointer<UInt8>, _ pieces: [Piece], _ isFirst: Bool,
        into output: inout [Int32], _ scratch: EncodingScratch
    ) {
        var rewritten: [UInt8] = []
        rewritten.reserveCapacity(text.count + text.count / 2)
        var next: [Piece] = []
        next.reserveCapacity(pieces.count)
        for piece in pieces {
            let start = rewritten.count
            steps[index].rewrite(
                UnsafeBufferPointer(rebasing: text[piece.start..<piece.end]), isFirst: isFirst && piece.start == 0,
                into: &rewritten)
            next.append(Piece(start: start, end: rewritten.count))
        }
        rewritten.withUnsafeBufferPointer { run(index + 1, $0, next, isFirst, into: &output, scratch) }
    }

    @inline(__always)
    private func encodePiece(
        _ bytes: UnsafePointer<UInt8>, _ count: Int, into output: inout [Int32], _ scratch: EncodingScratch
    ) {
        if writesAlphabet {
            encodeAlphabet(UnsafeBufferPointer(start: bytes, count: count), into: &output, scratch)
        } else {
            model.encode(bytes, count: count, into: &output, scratch)
        }
    }

    private func encodeAlphabet(
        _ text: UnsafeBufferPointer<UInt8>, into output: inout [Int32], _ scratch: EncodingScratch
    ) {
        let bytes = [UInt8](unsafeUninitializedCapacity: text.count) { buffer, count in
            count =
                ByteAlphabet.bytes.withUnsafeBufferPointer { table in
                    guard let base = buffer.baseAddress, let table = table.baseAddress else { return nil }
                    return ByteAlphabet.decode(text, into: base, table)
                } ?? 0
        }
        bytes.withUnsafeBufferPointer { bytes in
            if let base = bytes.baseAddress, !bytes.isEmpty {
                model.encode(base, count: bytes.count, into: &output, scratch)
            }
        }
    }
}
