/// Reads JSON values one after another from bytes, at the speed that files of hundreds of megabytes need.
///
/// It accepts exactly RFC 8259 and says of everything else what is wrong, in the words of someone who has to repair the file.
struct JSONScanner {
    /// What is wrong at a byte.
    struct Failure: Error {
        let offset: Int
        let message: String
    }

    /// Deeper data are an attack on the stack.
    static let maxDepth = 512

    let bytes: UnsafeBufferPointer<UInt8>
    /// The next byte to read.
    private(set) var offset: Int

    init(_ bytes: UnsafeBufferPointer<UInt8>, from offset: Int = 0) {
        self.bytes = bytes
        self.offset = offset
    }

    /// The next byte; nil at the end.
    var peek: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    /// Steps over one byte.
    mutating func advance() { offset += 1 }

    /// Steps over blanks and line ends.
    mutating func skipWhitespace() {
        while offset < bytes.count {
            let byte = bytes[offset]
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
            offset += 1
        }
    }

    /// Reads the value that starts at the next byte that is not blank.
    mutating func value(depth: Int = 0) throws(Failure) -> JSONValue {
        skipWhitespace()
        guard let byte = peek else { throw failure("the file ends where a value should be: it is truncated") }
        switch byte {
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: return try word()
        }
    }

    private mutating func array(depth: Int) throws(Failure) -> JSONValue {
        if depth >= Self.maxDepth { throw failure("the value is nested more than \(Self.maxDepth) deep") }
        advance()
        var elements: [JSONValue] = []
        skipWhitespace()
        if peek == UInt8(ascii: "]") {
            advance()
            return .array(elements)
        }
        while true {
            elements.append(try value(depth: depth + 1))
            guard try separator(closing: UInt8(ascii: "]"), name: "list") else { return .array(elements) }
        }
    }

    private mutating func object(depth: Int) throws(Failure) -> JSONValue {
        if depth >= Self.maxDepth { throw failure("the value is nested more than \(Self.maxDepth) deep") }
        advance()
        var members: [JSONValue.Member] = []
        skipWhitespace()
        if peek == UInt8(ascii: "}") {
            advance()
            return .object(members)
        }
        while true {
            skipWhitespace()
            guard let byte = peek else { throw failure("the file ends within an object: it is truncated") }
            guard byte == UInt8(ascii: "\"") else {
                throw failure(
                    byte == UInt8(ascii: "'") ? Self.singleQuotes : "a key must be text in double quotes: write \"key\""
                )
            }
            let key = try string()
            skipWhitespace()
            guard peek == UInt8(ascii: ":") else {
                throw failure(
                    peek == nil
                        ? "the file ends within an object: it is truncated" : "a colon is missing after \"\(key)\"")
            }
            advance()
            members.append(JSONValue.Member(key, try value(depth: depth + 1)))
            guard try separator(closing: UInt8(ascii: "}"), name: "object") else { return .object(members) }
        }
    }

    /// Steps over a comma (true) or the closing bracket (false).
    mutating func separator(closing: UInt8, name: String) throws(Failure) -> Bool {
        skipWhitespace()
        let bracket = Character(UnicodeScalar(closing))
        guard let byte = peek else {
            throw failure("the file ends within the \(name): it is truncated, a \(bracket) is missing")
        }
        if byte == closing {
            advance()
            return false
        }
        guard byte == UInt8(ascii: ",") else {
            throw failure("a comma or \(bracket) is missing in the \(name) before \(shown())")
        }
        let comma = offset
        advance()
        skipWhitespace()
        if peek == closing {
            throw Failure(offset: comma, message: "there is a comma before the closing \(bracket): remove the comma")
        }
        return true
    }

    private mutating func number() throws(Failure) -> JSONValue {
        let start = offset
        var isWhole = true
        while let byte = peek {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"): break
            case UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"): isWhole = false
            default:
                return try number(from: start, isWhole: isWhole)
            }
            advance()
        }
        return try number(from: start, isWhole: isWhole)
    }

    private func number(from start: Int, isWhole: Bool) throws(Failure) -> JSONValue {
        let digits = UnsafeBufferPointer(rebasing: bytes[start..<offset])
        let text = String(decoding: digits, as: UTF8.self)
        if isWhole, let value = Int(text), text.first != "+" { return .integer(value) }
        let isPlain = text.first != "+" && text.last.map { $0.isNumber } ?? false
        guard isPlain, let value = Double(text), value.isFinite else {
            throw Failure(offset: start, message: "'\(text)' is not a number that JSON allows")
        }
        return .number(value)
    }

    private mutating func word() throws(Failure) -> JSONValue {
        let words: [(StaticString, JSONValue)] = [("true", .bool(true)), ("false", .bool(false)), ("null", .null)]
        for (word, value) in words where starts(with: word) {
            offset += word.utf8CodeUnitCount
            return value
        }
        let foreign: [(StaticString, String)] = [
            ("'", Self.singleQuotes), ("None", "None is Python: write null"), ("True", "True is Python: write true"),
            ("False", "False is Python: write false"), ("NaN", "NaN is not JSON: write null"),
            ("nan", "nan is not JSON: write null"), ("Infinity", "Infinity is not JSON: write a number or null"),
            ("//", "JSON has no comments: remove it"), ("/*", "JSON has no comments: remove it"),
            ("#", "JSON has no comments: remove it"), (",", "there is a comma too many: remove it"),
            ("]", "a value is missing before ]"), ("}", "a value is missing before }"),
        ]
        for (word, message) in foreign where starts(with: word) { throw failure(message) }
        throw failure("\(shown()) is not a JSON value; text needs double quotes")
    }

    private static let singleQuotes = "single quotes are not JSON: write double quotes (\"text\")"

    private func starts(with word: StaticString) -> Bool {
        guard offset + word.utf8CodeUnitCount <= bytes.count else { return false }
        for index in 0..<word.utf8CodeUnitCount where bytes[offset + index] != word.utf8Start[index] { return false }
        return true
    }

    /// The next few characters, quoted.
    private func shown() -> String {
        guard offset < bytes.count else { return "the end of the file" }
        let end = min(bytes.count, offset + 24)
        let text = String(decoding: UnsafeBufferPointer(rebasing: bytes[offset..<end]), as: UTF8.self)
        return "'" + text.prefix(12).prefix { !$0.isNewline } + "'"
    }

    /// A failure at the next byte.
    func failure(_ message: String) -> Failure { Failure(offset: offset, message: message) }

    /// Sets the next byte to read.
    mutating func move(to offset: Int) { self.offset = offset }
}
