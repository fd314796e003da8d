import Foundation
public import Prompting

/// Takes a reasoning model's answer apart into the thought and what is said, while it comes.
public struct ThoughtSplitter: Sendable {
    /// A piece of an answer.
    public struct Parts: Sendable, Equatable {
        public var thought = ""
        public var answer = ""

        public init(thought: String = "", answer: String = "") {
            self.thought = thought
            self.answer = answer
        }
    }

    private enum Place { case beforeThought, thoughtStart, thought, answerStart, answer }

    private let open: String
    private let close: String
    private var place: Place
    private var held = ""

    /// - Parameters:
    ///   - words: the words around the thought; white space around them belongs to neither part.
    ///   - isOpen: whether the prompt has opened the thought already.
    public init(_ words: ThoughtWords, isOpen: Bool = false) {
        open = words.open.trimmingCharacters(in: .whitespacesAndNewlines)
        close = words.close.trimmingCharacters(in: .whitespacesAndNewlines)
        place = isOpen ? .thoughtStart : .beforeThought
    }

    /// Whether the text so far ends inside the thought.
    var isThinking: Bool { place == .thoughtStart || place == .thought }
    /// Whether the answer has begun.
    var hasEnded: Bool { place == .answerStart || place == .answer }

    /// What is certain now.
    public mutating func append(_ text: String) -> Parts {
        held += text
        var parts = Parts()
        while step(&parts) {}
        return parts
    }

    /// What is left at the end.
    public mutating func finish() -> Parts {
        defer { held = "" }
        switch place {
        case .beforeThought, .answer: return Parts(answer: held)
        case .thoughtStart, .answerStart: return Parts()
        case .thought: return Parts(thought: held.trimmingEnd)
        }
    }

    /// Moves on within the held text; false when more is needed.
    private mutating func step(_ parts: inout Parts) -> Bool {
        switch place {
        case .beforeThought:
            let text = held.trimmingStart
            if text.hasPrefix(open) {
                held = String(text.dropFirst(open.count))
                place = .thoughtStart
                return true
            }
            if open.hasPrefix(text) { return false }
            place = .answer
            return true
        case .thoughtStart, .answerStart:
            held = String(held.trimmingStart)
            if held.isEmpty { return false }
            place = place == .thoughtStart ? .thought : .answer
            return true
        case .thought:
            if let end = held.range(of: close, options: .literal) {
                parts.thought += String(held[..<end.lowerBound]).trimmingEnd
                held = String(held[end.upperBound...])
                place = .answerStart
                return true
            }
            let numHeld = held.numOpen(close)
            let certain = String(held.dropLast(numHeld)).trimmingEnd
            parts.thought += certain
            held = String(held.dropFirst(certain.count))
            return false
        case .answer:
            parts.answer += held
            held = ""
            return false
        }
    }
}

extension String {
    var trimmingStart: Substring { drop(while: \.isWhitespace) }

    var trimmingEnd: String {
        var text = self[...]
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }

    /// How many of the last characters may be the beginning of `mark`.
    func numOpen(_ mark: String) -> Int {
        for count in stride(from: Swift.min(mark.count - 1, self.count), to: 0, by: -1)
        where hasSuffix(mark.prefix(count)) {
            return count
        }
        return 0
    }
}
