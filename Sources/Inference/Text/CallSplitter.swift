import Foundation
import JSON
public import Prompting

/// Finds tool calls in an answer while it comes: the text before the first call is given out at once, each call when it is
/// complete.
public struct CallSplitter: Sendable {
    /// A piece of an answer.
    public struct Parts: Sendable, Equatable {
        public var text = ""
        public var calls: [FunctionCall] = []
    }

    private let format: any ToolFormat
    /// What a call begins with; empty when the format gives no sign.
    private let mark: String
    /// What a call ends with; empty when the format gives no sign.
    private let end: String
    private let maxCalls: Int
    private var held = ""
    private var isInCalls = false
    private var numCalls = 0

    public init(_ format: any ToolFormat, allowsSeveral: Bool = true) {
        self.format = format
        maxCalls = allowsSeveral ? .max : 1
        // Two calls have in common what the format puts around every call.
        let texts = [("a", JSONValue.string("a")), ("b", .int(1))].map { name, value in
            (try? format.write([FunctionCall(name: name, arguments: .object([JSONMember(name, value)]))])) ?? ""
        }
        let common = texts[0].commonPrefix(with: texts[1])
        if let first = common.first, first == "{" || first == "[" {
            mark = String(first)
        } else {
            mark = String(common.prefix { !$0.isWhitespace })
        }
        // Half of a call that is not JSON may read as a whole one: those are given out when the answer ends.
        guard texts[0].contains(JSONValue.object([JSONMember("a", "a")]).text()) else {
            end = ""
            return
        }
        let reversed = texts.map { String($0.reversed()) }
        end = String(reversed[0].commonPrefix(with: reversed[1]).reversed()).trimmingEnd
    }

    /// What is certain now.
    public mutating func append(_ text: String) -> Parts {
        held += text
        var parts = Parts()
        if !isInCalls, !findMark(&parts) { return parts }
        if numCalls < maxCalls, !end.isEmpty, held.trimmingEnd.hasSuffix(end) { parts.calls = newCalls() }
        return parts
    }

    /// What is left at the end: calls, or text that turned out to be no call.
    public mutating func finish() -> Parts {
        defer { held = "" }
        let calls = newCalls()
        if !calls.isEmpty { return Parts(calls: calls) }
        return Parts(text: numCalls > 0 ? "" : held)
    }

    /// Gives out the text before the mark; false while there is none.
    private mutating func findMark(_ parts: inout Parts) -> Bool {
        if mark.isEmpty {
            isInCalls = true
            return true
        }
        // A bracket alone is a sign only where the answer begins.
        if mark.count == 1 {
            let text = held.trimmingStart
            if text.isEmpty { return false }
            if text.hasPrefix(mark) {
                isInCalls = true
                return true
            }
            parts.text = held
            held = ""
            return false
        }
        if let start = held.range(of: mark, options: .literal) {
            parts.text = String(held[..<start.lowerBound]).trimmingEnd
            held = String(held[start.lowerBound...])
            isInCalls = true
            return true
        }
        // White space before a call is no text.
        parts.text = String(held.dropLast(held.numOpen(mark))).trimmingEnd
        held = String(held.dropFirst(parts.text.count))
        return false
    }

    private mutating func newCalls() -> [FunctionCall] {
        let calls = (format.calls(in: held) ?? []).prefix(maxCalls).dropFirst(numCalls)
        numCalls += calls.count
        return Array(calls)
    }
}
