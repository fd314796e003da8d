/// Text between added tokens to ids: normalize, split into pieces, merge.
final class TextPipeline: Sendable {
    let model: BytePairModel
    let scanner: WordScanner
    /// Whether text is brought to Unicode's form C first.
    let normalizes: Bool
    /// Whether text that does not start with a space gets one.
    let addsPrefixSpace: Bool
    private let scratchPool = ScratchPool()

    init(model: BytePairModel, scanner: WordScanner, normalizes: Bool, addsPrefixSpace: Bool) {
        self.model = model
        self.scanner = scanner
        self.normalizes = normalizes
        self.addsPrefixSpace = addsPrefixSpace
    }

    func withScratch<Result>(_ body: (EncodingScratch) -> Result) -> Result { scratchPool.withScratch(body) }

    /// The text in form C as UTF-8, or nil when it is that already.
    func normalized(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        guard normalizes, !CanonicalComposition.isSettled(text) else { return nil }
        return Array(CanonicalComposition.shared.normalize(String(decoding: text, as: UTF8.self)).utf8)
    }

    /// Appends the ids of normalized text.
    func encode(_ text: UnsafeBufferPointer<UInt8>, into output: inout [Int32], _ scratch: EncodingScratch) {
        guard let base = text.baseAddress, !text.isEmpty else { return }
        if addsPrefixSpace, base[0] != 0x20 {
            ([0x20] + Array(text)).withUnsafeBufferPointer { scan($0, into: &output, scratch) }
        } else {
            scan(text, into: &output, scratch)
        }
    }

    private func scan(_ text: UnsafeBufferPointer<UInt8>, into output: inout [Int32], _ scratch: EncodingScratch) {
        guard let base = text.baseAddress else { return }
        let table = CharacterClasses.shared.table
        let scanner = scanner
        var start = 0
        while start < text.count {
            let end = scanner.pieceEnd(base, from: start, to: text.count, table)
            model.encode(base + start, count: end - start, into: &output, scratch)
            start = end
        }
    }
}
