/// Runs the decoder over tokens as they come: what it gives out, all together, is the text of all the tokens, and it
/// never holds half a character.
struct DecodingStream: Sendable {
    private struct State {
        /// What the step keeps back.
        var held: [UInt8]?
        /// Tokens seen, or characters stripped.
        var count = 0
        /// Whether the tokens that reach the step are parts of one.
        var isFused = false
    }

    private let steps: [DecoderStep]
    private var states: [State]
    private var output: [UInt8] = []

    init(_ steps: [DecoderStep]) {
        self.steps = steps
        var isFused = false
        states = steps.map { step in
            defer {
                switch step {
                case .fuse, .byteLevel: isFused = true
                default: break
                }
            }
            return State(isFused: isFused)
        }
    }

    /// Takes a token and gives out the text that is complete with it.
    mutating func push(_ token: [UInt8]) -> [UInt8] {
        feed(token, 0)
        defer { output.removeAll(keepingCapacity: true) }
        return output
    }

    /// Gives out the rest.
    mutating func finish() -> [UInt8] {
        for index in steps.indices { close(index) }
        for index in states.indices { (states[index].held, states[index].count) = (nil, 0) }
        defer { output.removeAll() }
        return output
    }

    private mutating func feed(_ token: [UInt8], _ index: Int) {
        guard index < steps.count else {
            output += token
            return
        }
        switch steps[index] {
        case .byteLevel: feedBytes(token, index)
        case .byteFallback:
            if let byte = Self.byte(token) {
                states[index].held = (states[index].held ?? []) + [byte]
            } else {
                close(index)
                feed(token, index + 1)
            }
        case .fuse: feed(token, index + 1)
        case .spaced:
            states[index].count += 1
            feed(states[index].count > 1 ? [0x20] + token : token, index + 1)
        case .strip(let content, let start, let stop):
            if states[index].isFused {
                feedStrip(token, content, start, stop, index)
            } else {
                feed(Self.stripEnd(Self.stripStart(token, content, start).rest, content, stop), index + 1)
            }
        case .wordEnd where !states[index].isFused:
            if let held = states[index].held { feed(apply(held, index, isLast: false), index + 1) }
            states[index].held = token
        default:
            // A step that looks at whole tokens has to wait for all of one that is fused.
            if states[index].isFused {
                states[index].held = (states[index].held ?? []) + token
            } else {
                feed(apply(token, index, isLast: false), index + 1)
                states[index].count += 1
            }
        }
    }

    /// Gives on what a step kept back.
    private mutating func close(_ index: Int) {
        guard let held = states[index].held else { return }
        states[index].held = nil
        switch steps[index] {
        case .byteLevel: feed(Array(String(decoding: held, as: UTF8.self).utf8), index + 1)
        case .byteFallback:
            if String(validating: held, as: UTF8.self) != nil {
                feed(held, index + 1)
            } else {
                for _ in held { feed([0xEF, 0xBF, 0xBD], index + 1) }
            }
        case .strip(let content, _, let stop): feed(Self.stripEnd(held, content, stop), index + 1)
        default: feed(apply(held, index, isLast: true), index + 1)
        }
    }

    /// What a step that looks at whole tokens makes of one.
    private func apply(_ token: [UInt8], _ index: Int, isLast: Bool) -> [UInt8] {
        let isFirst = states[index].count == 0
        switch steps[index] {
        case .replace(let pattern, let content):
            return token.withUnsafeBufferPointer { NormalizerStep.replace(pattern, by: content).apply($0) } ?? token
        case .metaspace(let mark, let dropsFirst):
            return Self.replace(mark, by: isFirst && dropsFirst ? [] : [0x20], token)
        case .wordEnd(let suffix): return Self.replace(suffix, by: isLast ? [] : [0x20], token)
        case .wordPiece(let prefix, let cleansUp):
            var text = token
            if !isFirst {
                if token.starts(with: prefix) { text.removeFirst(prefix.count) } else { text.insert(0x20, at: 0) }
            }
            return cleansUp ? Self.cleanUp(text) : text
        default: return token
        }
    }

    // MARK: Bytes

    private mutating func feedBytes(_ token: [UInt8], _ index: Int) {
        var bytes = states[index].held ?? []
        bytes += token
        let complete = bytes.count - UnfinishedCharacter.length(bytes)
        states[index].held = complete < bytes.count ? Array(bytes[complete...]) : nil
        if complete > 0 { feed(Array(String(decoding: bytes[..<complete], as: UTF8.self).utf8), index + 1) }
    }

    /// The byte that a token such as `<0x0A>` stands for.
    static func byte(_ token: [UInt8]) -> UInt8? {
        guard token.count == 6, token.starts(with: [0x3C, 0x30, 0x78]), token[5] == 0x3E else { return nil }
        let digits = String(decoding: token[3..<5], as: UTF8.self)
        // As in Rust, a sign may stand before a digit.
        return UInt8(digits, radix: 16)
    }

    // MARK: Stripping

    private mutating func feedStrip(_ token: [UInt8], _ content: [UInt8], _ start: Int, _ stop: Int, _ index: Int) {
        var rest = token
        if states[index].count < start {
            let (stripped, count) = Self.stripStart(token, content, start - states[index].count)
            states[index].count = stripped.isEmpty ? states[index].count + count : start
            rest = stripped
        }
        guard stop > 0 else { return feed(rest, index + 1) }
        // The last characters of the text are not known yet.
        let all = (states[index].held ?? []) + rest
        let kept = Self.stripEnd(all, content, stop)
        states[index].held = Array(all[kept.count...])
        feed(kept, index + 1)
    }

    private static func stripStart(_ token: [UInt8], _ content: [UInt8], _ limit: Int) -> (rest: [UInt8], count: Int) {
        var count = 0
        var rest = token[...]
        while count < limit, rest.starts(with: content) {
            rest = rest.dropFirst(content.count)
            count += 1
        }
        return (Array(rest), count)
    }

    private static func stripEnd(_ token: [UInt8], _ content: [UInt8], _ limit: Int) -> [UInt8] {
        var count = 0
        var rest = token[...]
        while count < limit, rest.count >= content.count, rest.suffix(content.count).elementsEqual(content) {
            rest = rest.dropLast(content.count)
            count += 1
        }
        return Array(rest)
    }

    // MARK: Replacing

    private static func replace(_ old: [UInt8], by new: [UInt8], _ text: [UInt8]) -> [UInt8] {
        guard !old.isEmpty else { return text }
        var result: [UInt8] = []
        var position = 0
        while position < text.count {
            if text[position...].starts(with: old) {
                result += new
                position += old.count
            } else {
                result.append(text[position])
                position += 1
            }
        }
        return result
    }

    private static let cleanups: [([UInt8], [UInt8])] = [
        (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"),
        (" do not", " don't"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
    ].map { (Array($0.utf8), Array($1.utf8)) }

    private static func cleanUp(_ text: [UInt8]) -> [UInt8] {
        cleanups.reduce(text) { replace($1.0, by: $1.1, $0) }
    }
}
