/// The end of a byte string that further bytes could complete to a character.
enum UnfinishedCharacter {
    /// How many of the last bytes these are: at most three.
    static func length(_ bytes: [UInt8]) -> Int {
        for back in 1...3 where back <= bytes.count {
            let byte = bytes[bytes.count - back]
            if byte & 0xC0 == 0x80 { continue }
            let length = byte >= 0xF0 && byte < 0xF5 ? 4 : byte >= 0xE0 && byte < 0xF0 ? 3 : byte >= 0xC2 ? 2 : 1
            guard length > back, byte < 0xF5 else { return 0 }
            // The second byte decides for some first bytes whether a character can follow at all.
            if back > 1 {
                let second = bytes[bytes.count - back + 1]
                let isPossible =
                    switch byte {
                    case 0xE0: second >= 0xA0
                    case 0xED: second < 0xA0
                    case 0xF0: second >= 0x90
                    case 0xF4: second < 0x90
                    default: true
                    }
                if !isPossible { return 0 }
            }
            return back
        }
        return 0
    }
}
