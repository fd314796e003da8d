/// The printable stand-ins that byte-level BPE files use for the 256 byte values (GPT-2's table).
enum ByteAlphabet {
    /// The character that stands for each byte.
    static let characters: [Character] = {
        var table: [Character] = []
        var numShifted: UInt32 = 0
        for byte in UInt32(0)...255 {
            let isPrintable = (33...126).contains(byte) || (161...172).contains(byte) || (174...255).contains(byte)
            let value = isPrintable ? byte : 256 + numShifted
            if !isPrintable { numShifted += 1 }
            table.append(Unicode.Scalar(value).map(Character.init) ?? "?")
        }
        return table
    }()

    /// `bytes` as stand-ins.
    static func text(of bytes: [UInt8]) -> String { String(bytes.map { characters[Int($0)] }) }
}
