/// One step of pre-tokenizing. Everything that only cuts is a splitter; the others change the text of the pieces.
enum PreTokenizerStep: Sendable {
    enum PrependScheme: String, Sendable { case always, first, never }

    case split(PieceSplitter)
    /// Writes spaces as `replacement` and puts one before a piece that has none.
    case metaspace(replacement: String, PrependScheme)
    /// Puts a space before a piece that does not begin with one.
    case prefixSpace
    /// Writes the bytes in GPT-2's alphabet; only where further steps look at it.
    case byteAlphabet
}

extension PreTokenizerStep {
    /// The piece as this step writes it, appended to `output`; for the steps that do not cut.
    ///
    /// - Parameter isFirst: whether the piece stands at the start of the whole text.
    func rewrite(_ piece: UnsafeBufferPointer<UInt8>, isFirst: Bool, into output: inout [UInt8]) {
        switch self {
        case .split: output += piece
        case .prefixSpace:
            if piece.first != 0x20 { output.append(0x20) }
            output += piece
        case .byteAlphabet: for byte in piece { ByteAlphabet.write(byte, to: &output) }
        case .metaspace(let replacement, let scheme):
            let mark = Array(replacement.utf8)
            let startsWithMark = piece.first == 0x20 || piece.starts(with: mark)
            if scheme == .always || scheme == .first && isFirst, !startsWithMark { output += mark }
            var start = 0
            for (position, byte) in piece.enumerated() where byte == 0x20 {
                output += piece[start..<position]
                output += mark
                start = position + 1
            }
            output += piece[start...]
        }
    }
}
