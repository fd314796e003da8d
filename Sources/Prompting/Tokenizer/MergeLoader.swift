import JSON

/// Reads the merges of a tokenizer.json, written as `"a b"` or as `["a", "b"]`.
struct MergeLoader {
    private let vocabulary: TokenVocabulary
    private let alphabet = ByteAlphabet.bytes
    private var merges: [CharacterTokens.Merge] = []
    /// In nearly all files merge after merge makes the next id, which saves a search for each.
    private var likelyResult: Int32 = 0

    init(_ vocabulary: TokenVocabulary) {
        self.vocabulary = vocabulary
        merges.reserveCapacity(vocabulary.count)
    }

    mutating func read(_ reader: inout JSONScanner) throws(JSONError) -> (MergeTable, CharacterTokens) {
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
        return (table, CharacterTokens(vocabulary, merges, table))
    }

    private mutating func readPair(_ reader: inout JSONScanner) throws(JSONError) {
        let room = vocabulary.room
        let left = try decode(&reader, into: room)
        try reader.expect(UInt8(ascii: ","))
        let right = try decode(&reader, into: room + left)
        try reader.expect(UInt8(ascii: "]"))
        try add(left, right, reader)
    }

    private func decode(
        _ reader: inout JSONScanner, into room: UnsafeMutablePointer<UInt8>
    ) throws(JSONError) -> Int {
        let alphabet = alphabet
        let count = try reader.withString { (text) throws(JSONError) -> Int in
            alphabet.withUnsafeBufferPointer { table in
                table.baseAddress.flatMap { ByteAlphabet.decode(text, into: room, $0) } ?? -1
            }
        }
        guard count >= 0 else { throw reader.failure(.content("a merge holds a character outside the byte alphabet")) }
        return count
    }

    private mutating func readJoined(_ reader: inout JSONScanner) throws(JSONError) {
        let room = vocabulary.room
        let alphabet = alphabet
        let (left, right) = try reader.withString { (text) throws(JSONError) -> (Int, Int) in
            alphabet.withUnsafeBufferPointer { table in
                guard let space = text.firstIndex(of: 0x20), let table = table.baseAddress,
                    let left = ByteAlphabet.decode(UnsafeBufferPointer(rebasing: text[..<space]), into: room, table),
                    let right = ByteAlphabet.decode(
                        UnsafeBufferPointer(rebasing: text[(space + 1)...]), into: room + left, table)
                else { return (-1, -1) }
                return (left, right)
            }
        }
        guard left >= 0 else {
            throw reader.failure(.content("a merge is not two tokens of the byte alphabet with a space between"))
        }
        try add(left, right, reader)
    }

    /// Adds the merge of the `left` and `right` bytes that stand one after the other at the vocabulary's room.
    private mutating func add(_ left: Int, _ right: Int, _ reader: JSONScanner) throws(JSONError) {
        let room = vocabulary.room
        let leftID = vocabulary.id(of: room, count: left)
        let rightID = vocabulary.id(of: room + left, count: right)
        let result =
            vocabulary.token(likelyResult, is: room, count: left + right)
            ? likelyResult : vocabulary.id(of: room, count: left + right)
        guard leftID >= 0, rightID >= 0, result >= 0 else {
            throw reader.failure(.content("merge \(merges.count) names a token that model.vocab lacks"))
        }
        likelyResult = result + 1
        merges.append((leftID, rightID, result))
    }
}
