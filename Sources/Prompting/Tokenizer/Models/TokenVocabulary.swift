/// The tokens of a model as bytes: id to bytes and bytes to id. Immutable once sealed.
///
/// A byte-level model's tokens are the bytes that they stand for, every other model's the UTF-8 of their text.
final class TokenVocabulary: @unchecked Sendable {  // Written only while the loader, its sole owner, fills it.
    static let absent = Int32(-1)
    static let maxID: Int32 = 1 << 24

    let isByteLevel: Bool
    private let bytes: UnsafeMutablePointer<UInt8>
    private var numBytes = 0
    /// Start and length of a token's bytes, by id; length -1 where the vocabulary has a gap.
    private var spans: [(start: UInt32, length: Int32)] = []
    private var slots: UnsafeMutablePointer<Int32>
    private var slotMask = 0
    private(set) var count = 0
    /// Ids of tokens whose text is not written in the byte alphabet: kept for decoding, never produced by merging.
    private(set) var foreign: [String: Int32] = [:]

    /// `numBytes` bounds the bytes of all tokens together.
    init(numBytes: Int, isByteLevel: Bool) {
        self.isByteLevel = isByteLevel
        bytes = .allocate(capacity: numBytes + 8)
        slots = .allocate(capacity: 1)
        slots.initialize(to: Self.absent)
    }

    deinit {
        bytes.deallocate()
        slots.deallocate()
    }

    /// One more than the greatest id.
    var idLimit: Int { spans.count }

    /// Where the next token's bytes are to be written before `commit`.
    var room: UnsafeMutablePointer<UInt8> { bytes + numBytes }

    /// Makes the `count` bytes at `room` token `id`.
    func commit(count length: Int, id: Int32) {
        place(length: length, id: id)
        numBytes += length
        count += 1
    }

    /// Builds the index by bytes, once all tokens are there.
    func seal() {
        var numSlots = 512
        while numSlots < count * 2 { numSlots *= 2 }
        slots.deallocate()
        slots = .allocate(capacity: numSlots)
        slots.initialize(repeating: Self.absent, count: numSlots)
        slotMask = numSlots - 1
        let foreignIDs = Set(foreign.values)
        for (id, span) in spans.enumerated() where span.length > 0 {
            if !foreignIDs.isEmpty, foreignIDs.contains(Int32(id)) { continue }
            slots[slot(of: bytes + Int(span.start), count: Int(span.length))] = Int32(id)
        }
    }

    /// Adds a token whose text is not in the byte alphabet.
    func addForeign(_ text: String, id: Int32) {
        let utf8 = Array(text.utf8)
        for (offset, byte) in utf8.enumerated() { bytes[numBytes + offset] = byte }
        place(length: utf8.count, id: id)
        numBytes += utf8.count
        foreign[text] = id
        count += 1
    }

    private func place(length: Int, id: Int32) {
        let index = Int(id)
        if index >= spans.count {
            spans.append(contentsOf: repeatElement((start: 0, length: -1), count: index + 1 - spans.count))
        }
        spans[index] = (UInt32(numBytes), Int32(length))
    }

    /// Makes a text token `id`, in a vocabulary that is not byte-level.
    func add(_ text: UnsafeBufferPointer<UInt8>, id: Int32) {
        for (offset, byte) in text.enumerated() { room[offset] = byte }
        commit(count: text.count, id: id)
    }

    /// The id of a token as tokenizer.json writes it.
    func id(of token: String) -> Int32? {
        guard let bytes = isByteLevel ? ByteAlphabet.decode(token) : Array(token.utf8), !bytes.isEmpty else {
            return foreign[token]
        }
        let id = bytes.withUnsafeBufferPointer { self.id(of: $0.baseAddress.unsafelyUnwrapped, count: $0.count) }
        return id == Self.absent ? nil : id
    }

    /// A token as tokenizer.json writes it.
    func text(of id: Int32) -> String? {
        guard let bytes = bytes(of: id) else { return nil }
        guard isByteLevel else { return String(decoding: bytes, as: UTF8.self) }
        return foreign.first { $0.value == id }?.key ?? ByteAlphabet.encode(bytes)
    }

    /// The ids of `<0x00>` to `<0xFF>`; `absent` where there is none.
    var byteTokens: [Int32] {
        let digits = Array("0123456789ABCDEF")
        return (0..<256).map { id(of: "<0x\(digits[$0 >> 4])\(digits[$0 & 15])>") ?? Self.absent }
    }

    /// The bytes of a token, nil for an id the vocabulary does not have.
    func bytes(of id: Int32) -> UnsafeBufferPointer<UInt8>? {
        guard id >= 0, Int(id) < spans.count, spans[Int(id)].length >= 0 else { return nil }
        let span = spans[Int(id)]
        return UnsafeBufferPointer(start: bytes + Int(span.start), count: Int(span.length))
    }

    /// The token with exactly these bytes, or `absent`.
    @inline(__always)
    func id(of text: UnsafePointer<UInt8>, count: Int) -> Int32 {
        slots[slot(of: text, count: count)]
    }

    /// Whether token `id` has exactly these bytes.
    @inline(__always)
    func token(_ id: Int32, is text: UnsafePointer<UInt8>, count: Int) -> Bool {
        let index = Int(id)
        guard index < spans.count else { return false }
        let span = spans[index]
        return Int(span.length) == count && equal(bytes + Int(span.start), text, count)
    }

    @inline(__always)
    private func slot(of text: UnsafePointer<UInt8>, count: Int) -> Int {
        var slot = Int(truncatingIfNeeded: ByteHash.hash(text, count: count)) & slotMask
        while slots[slot] != Self.absent, !token(slots[slot], is: text, count: count) {
            slot = (slot + 1) & slotMask
        }
        return slot
    }

    @inline(__always)
    private func equal(_ left: UnsafePointer<UInt8>, _ right: UnsafePointer<UInt8>, _ count: Int) -> Bool {
        var position = 0
        while position < count {
            if left[position] != right[position] { return false }
            position += 1
        }
        return true
    }
}
