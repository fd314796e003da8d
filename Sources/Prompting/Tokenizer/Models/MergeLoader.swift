import JSON

/// Reads the merges of a tokenizer.json, written as `"a b"` or as `["a", "b"]`.
struct MergeLoader {
    private let vocabulary: TokenVocabulary
    private let alphabet: [Int16]?
    /// Bytes at the front of a right-hand token that the merged one lacks (`continuing_subword_prefix`).
    private let prefixLength: Int
    private let cuts = SafeCuts()
    private var merges: [CharacterTokens.Merge] = []
    /// In nearly all files merge after merge makes the next id, which saves a search for each.
    private var likelyResult: Int32 = 0

    init(_ vocabulary: TokenVocabulary, prefixLength: Int) {
        self.vocabulary = vocabulary
        self.prefixLength = prefixLength
        alphabet = vocabulary.isByteLevel ? ByteAlphabet.bytes : nil
        merges.reserveCapacity(vocabulary.count)
    }

    /// What the merges make of the vocabulary.
    struct Result {
        var table: MergeTable
        var cuts: SafeCuts
        /// For byte-level models.
        var characters: CharacterTokens?
    }

    mutating func read(_ reader: inout JSONScanner) throws(JSONError) -> Result {
        try reader.expect(UInt8(ascii: "["))
        if !reader.skip(UInt8(ascii: "]")) {
            repeat {
                if reader.skip(UInt8(ascii: "[")) {
                    try readPair(&reader)
                } else {
                    try readJoined(&reader)
                }
            } while try reader.more(until: UInt8(ascii: "]"))
        }
        let table = MergeTable(numMerges: merges.count)
        for (rank, merge) in merges.enumerated() {
            table.add(left: merge.left, right: merge.right, rank: UInt32(rank), result: merge.result)
        }
        return Result(
            table: table, cuts: cuts,
            characters: vocabulary.isByteLevel ? CharacterTokens(vocabulary, merges, table) : nil)
    }

    private mutating func readPair(_ reader: inout JSONScanner) throws(JSONError) {
        let room = vocabulary.room
        let left = try decode(&reader, into: room)
        try reader.expect(UInt8(ascii: ","))
        let right = try decode(&reader, into: room + left)
        try reader.expect(UInt8(ascii: "]"))
        try add(left, right, reader)
    }

    /// Writes a token's bytes to `room` and says how many they are, -1 where it is none of the byte alphabet.
    private static func write(
        _ text: UnsafeBufferPointer<UInt8>, _ room: UnsafeMutablePointer<UInt8>, _ alphabet: [Int16]?
    ) -> Int {
        if let alphabet {
            return alphabet.withUnsafeBufferPointer { table in
                table.baseAddress.flatMap { ByteAlphabet.decode(text, into: room, $0) } ?? -1
            }
        }
        for (offset, byte) in text.enumerated() { room[offset] = byte }
        return text.count
    }

    private func decode(
        _ reader: inout JSONScanner, into room: UnsafeMutablePointer<UInt8>
    ) throws(JSONError) -> Int {
        let alphabet = alphabet
        let count = try reader.withString { (text) throws(JSONError) -> Int in Self.write(text, room, alphabet) }
        guard count >= 0 else { throw reader.failure(.content("a merge holds a character outside the byte alphabet")) }
        return count
    }

    private mutating func readJoined(_ reader: inout JSONScanner) throws(JSONError) {
        let room = vocabulary.room
        let alphabet = alphabet
        let (left, right) = try reader.withString { (text) throws(JSONError) -> (Int, Int) in
            guard let space = text.firstIndex(of: 0x20), !text[(space + 1)...].contains(0x20) else { return (-1, -1) }
            let left = Self.write(UnsafeBufferPointer(rebasing: text[..<space]), room, alphabet)
            guard left >= 0 else { return (-1, -1) }
            return (left, Self.write(UnsafeBufferPointer(rebasing: text[(space + 1)...]), room + left, alphabet))
        }
        guard left >= 0, right >= 0 else {
            throw reader.failure(.content("a merge is not two tokens with one space between, in the model's alphabet"))
        }
        try add(left, right, reader)
    }

    /// Adds the merge of the `left` and `right` bytes that stand one after the other at the vocabulary's room.
    private mutating func add(_ left: Int, _ right: Int, _ reader: JSONScanner) throws(JSONError) {
        let room = vocabulary.room
        let leftID = vocabulary.id(of: room, count: left)
        let rightID = vocabulary.id(of: room + left, count: right)
        if prefixLength > 0, right >= prefixLength {
            for offset in left..<left + right - prefixLength { room[offset] = room[offset + prefixLength] }
        }
        let length = left + max(right - prefixLength, 0)
        let result =
            vocabulary.token(likelyResult, is: room, count: length)
            ? likelyResult : vocabulary.id(of: room, count: length)
        guard leftID >= 0, rightID >= 0, result >= 0 else {
            throw reader.failure(.content("merge \(merges.count) names a token that model.vocab lacks"))
        }
        likelyResult = result + 1
        merges.append((leftID, rightID, result))
        cuts.add(UnsafeBufferPointer(start: room, count: length), isByteLevel: vocabulary.isByteLevel)
    }
}
