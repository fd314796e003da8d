/// Hashes short byte strings for the tokenizer's tables (multiply and fold, eight bytes at a time).
enum ByteHash {
    @inline(__always)
    static func mix(_ value: UInt64, _ by: UInt64) -> UInt64 {
        let product = value.multipliedFullWidth(by: by)
        return product.high ^ product.low
    }

    /// The first eight bytes or fewer, in the low bits.
    @inline(__always)
    static func word(_ bytes: UnsafePointer<UInt8>, count: Int) -> UInt64 {
        let raw = UnsafeRawPointer(bytes)
        if count >= 8 { return raw.loadUnaligned(as: UInt64.self) }
        if count >= 4 {
            let low = UInt64(raw.loadUnaligned(as: UInt32.self))
            let high = UInt64((raw + count - 4).loadUnaligned(as: UInt32.self))
            return low | high << UInt64((count - 4) * 8)
        }
        guard count > 0 else { return 0 }
        var value = UInt64(bytes[0])
        if count > 1 { value |= UInt64(bytes[1]) << 8 }
        if count > 2 { value |= UInt64(bytes[2]) << 16 }
        return value
    }

    @inline(__always)
    static func hash(_ bytes: UnsafePointer<UInt8>, count: Int) -> UInt64 {
        var state: UInt64 = 0x9E37_79B9_7F4A_7C15 &+ UInt64(truncatingIfNeeded: count)
        var position = 0
        while count - position > 8 {
            state = mix(state ^ word(bytes + position, count: 8), 0xE703_7ED1_A0B4_28DB)
            position += 8
        }
        return mix(state ^ word(bytes + position, count: count - position), 0xA076_1D64_78BD_642F)
    }
}
