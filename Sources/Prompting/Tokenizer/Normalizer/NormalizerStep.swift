/// One step of normalizing text before it is cut into pieces.
enum NormalizerStep: Sendable {
    case unicode(UnicodeForm)
    case lowercase
    case strip(left: Bool, right: Bool)
    case stripAccents
    case replace(PatternAutomaton, by: [UInt8])
    case prepend([UInt8])
    case append([UInt8])
    case charsMap(SentencePieceCharsMap)
    case bert(BERTNormalizer)
    /// Drops control characters and writes odd white space as spaces, as machine translation models have it.
    case nmt
    case byteAlphabet

    /// The text after this step, nil when the step changes nothing.
    func apply(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        guard let base = text.baseAddress, !text.isEmpty else { return nil }
        switch self {
        case .unicode(let form): return UnicodeNormalizer.shared.normalize(text, to: form)
        case .lowercase: return CharacterMapping.lowercase.apply(text)
        case .strip(let left, let right): return Self.strip(text, left, right)
        case .stripAccents: return CharacterMapping.withoutCombining.apply(text)
        case .nmt: return CharacterMapping.nmt.apply(text)
        case .prepend(let prefix): return prefix + text
        case .append(let suffix): return text + suffix
        case .charsMap(let map): return map.normalize(text)
        case .bert(let normalizer): return normalizer.normalize(text)
        case .replace(let pattern, let content):
            return Self.replace(text, base, pattern, content)
        case .byteAlphabet:
            var result: [UInt8] = []
            result.reserveCapacity(text.count * 3 / 2)
            for byte in text { ByteAlphabet.write(byte, to: &result) }
            return result
        }
    }

    private static func strip(_ text: UnsafeBufferPointer<UInt8>, _ left: Bool, _ right: Bool) -> [UInt8]? {
        guard let base = text.baseAddress else { return nil }
        var (start, end) = (0, text.count)
        while left, start < end {
            let (point, length) = CharacterClasses.codePoint(base, start)
            guard CharacterClasses.shared.table[point] & CharacterClasses.space != 0 else { break }
            start += length
        }
        while right, start < end {
            var last = end - 1
            while last > start, text[last] & 0xC0 == 0x80 { last -= 1 }
            let point = CharacterClasses.codePoint(base, last).point
            guard CharacterClasses.shared.table[point] & CharacterClasses.space != 0 else { break }
            end = last
        }
        return start == 0 && end == text.count ? nil : Array(text[start..<end])
    }

    private static func replace(
        _ text: UnsafeBufferPointer<UInt8>, _ base: UnsafePointer<UInt8>, _ pattern: PatternAutomaton,
        _ content: [UInt8]
    ) -> [UInt8]? {
        var result: [UInt8] = []
        result.reserveCapacity(text.count + text.count / 2)
        var copied = 0
        content.withUnsafeBufferPointer { content in
            pattern.forEachRange(base, from: 0, to: text.count) { start, end, isMatch in
                guard isMatch else { return }
                result.append(contentsOf: UnsafeBufferPointer(rebasing: text[copied..<start]))
                result.append(contentsOf: content)
                copied = end
            }
        }
        if result.isEmpty, copied == 0 { return nil }
        result.append(contentsOf: UnsafeBufferPointer(rebasing: text[copied...]))
        return result
    }
}
