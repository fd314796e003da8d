/// GPT-2's printable stand-ins for the 256 bytes: vocabularies of byte-level models are written in them.
enum ByteAlphabet {
    /// Code point to byte for the code points below 0x144; -1 where a code point stands for no byte.
    static let bytes: [Int16] = {
        var table = [Int16](repeating: -1, count: 0x144)
        for (byte, point) in points.enumerated() { table[Int(point)] = Int16(byte) }
        return table
    }()

    /// Byte to code point.
    static let points: [UInt16] = {
        var next: UInt16 = 0x100
        return (0..<256).map { byte in
            if (0x21...0x7E).contains(byte) || (0xA1...0xAC).contains(byte) || (0xAE...0xFF).contains(byte) {
                return UInt16(byte)
            }
            defer { next += 1 }
            return next
        }
    }()

    /// Writes the bytes that `text` stands for to `output`, which must hold `text.count` bytes; nil when a character
    /// stands for no byte. `text` is UTF-8.
    @inline(__always)
    static func decode(
        _ text: UnsafeBufferPointer<UInt8>, into output: UnsafeMutablePointer<UInt8>, _ table: UnsafePointer<Int16>
    ) -> Int? {
        var read = 0
        var written = 0
        while read < text.count {
            let first = text[read]
            let point: Int
            if first < 0x80 {
                point = Int(first)
                read += 1
            } else if first < 0xC6, read + 1 < text.count {
                point = Int(first & 0x1F) << 6 | Int(text[read + 1] & 0x3F)
                read += 2
            } else {
                return nil
            }
            guard point < 0x144, table[point] >= 0 else { return nil }
            output[written] = UInt8(truncatingIfNeeded: table[point])
            written += 1
        }
        return written
    }

    /// Appends the UTF-8 of what stands for a byte.
    @inline(__always)
    static func write(_ byte: UInt8, to output: inout [UInt8]) {
        let point = points[Int(byte)]
        if point >= 0x80 {
            output.append(0xC0 | UInt8(truncatingIfNeeded: point >> 6))
            output.append(0x80 | UInt8(truncatingIfNeeded: point & 0x3F))
        } else {
            output.append(UInt8(truncatingIfNeeded: point))
        }
    }

    /// The text that stands for `bytes`.
    static func encode(_ bytes: some Sequence<UInt8>) -> String {
        var text = ""
        for byte in bytes {
            if let scalar = Unicode.Scalar(UInt32(points[Int(byte)])) { text.unicodeScalars.append(scalar) }
        }
        return text
    }

    /// The bytes that `text` stands for, nil when a character stands for none.
    static func decode(_ text: String) -> [UInt8]? {
        var result: [UInt8] = []
        for scalar in text.unicodeScalars {
            guard scalar.value < 0x144, bytes[Int(scalar.value)] >= 0 else { return nil }
            result.append(UInt8(bytes[Int(scalar.value)]))
        }
        return result
    }
}
