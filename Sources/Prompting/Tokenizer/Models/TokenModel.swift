/// What turns a piece of text into tokens.
enum TokenModel: Sendable {
    case bytePair(BytePairModel)
    case unigram(UnigramModel)
    case words(WordModel)

    /// Appends the tokens of one piece, which is not empty.
    @inline(__always)
    func encode(
        _ bytes: UnsafePointer<UInt8>, count: Int, into output: inout [Int32], _ scratch: EncodingScratch
    ) {
        switch self {
        case .bytePair(let model): model.encode(bytes, count: count, into: &output, scratch)
        case .unigram(let model): model.encode(bytes, count: count, into: &output, scratch)
        case .words(let model): model.encode(bytes, count: count, into: &output, scratch)
        }
    }
}
