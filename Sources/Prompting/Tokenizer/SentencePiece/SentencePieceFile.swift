/// What a SentencePiece `.model` file holds, as far as tokenizing needs it.
struct SentencePieceFile {
    struct Piece {
        /// What a piece is for, as the file numbers it.
        enum Kind: UInt64 { case normal = 1, unknown, control, userDefined, unused, byte }

        var text = ""
        var score: Float = 0
        var kind = Kind.normal
    }

    var pieces: [Piece] = []
    /// 1 is Unigram, 2 is BPE; the other kinds are refused.
    var modelType: UInt64 = 1
    var hasByteFallback = false
    /// Ids of the unknown, bos, eos and pad tokens, below 0 where there is none.
    var (unknownID, bosID, eosID, padID) = (0, 1, 2, -1)
    var charsMap: [UInt8] = []

    /// Nil when the bytes are no such file.
    init?(_ bytes: [UInt8]) {
        var reader = ProtobufReader(bytes[...])
        while let (field, value) = reader.next() {
            guard case .bytes(let message) = value else { continue }
            switch field {
            case 1:
                guard let piece = Self.piece(message) else { return nil }
                pieces.append(piece)
            case 2: readTrainer(message)
            case 3: readNormalizer(message)
            default: break
            }
        }
        guard !reader.isBroken, !pieces.isEmpty else { return nil }
    }

    private static func piece(_ message: ArraySlice<UInt8>) -> Piece? {
        var reader = ProtobufReader(message)
        var piece = Piece()
        while let (field, value) = reader.next() {
            switch (field, value) {
            case (1, .bytes(let text)): piece.text = String(decoding: text, as: UTF8.self)
            case (2, .fixed32(let bits)): piece.score = Float(bitPattern: bits)
            case (3, .number(let kind)): piece.kind = Piece.Kind(rawValue: kind) ?? .normal
            default: break
            }
        }
        return reader.isBroken ? nil : piece
    }

    private mutating func readTrainer(_ message: ArraySlice<UInt8>) {
        var reader = ProtobufReader(message)
        while let (field, value) = reader.next() {
            guard case .number(let number) = value else { continue }
            let id = Int(truncatingIfNeeded: Int64(bitPattern: number))
            switch field {
            case 3: modelType = number
            case 35: hasByteFallback = number != 0
            case 40: unknownID = id
            case 41: bosID = id
            case 42: eosID = id
            case 43: padID = id
            default: break
            }
        }
    }

    private mutating func readNormalizer(_ message: ArraySlice<UInt8>) {
        var reader = ProtobufReader(message)
        while let (field, value) = reader.next() {
            if field == 2, case .bytes(let map) = value { charsMap = Array(map) }
        }
    }
}
