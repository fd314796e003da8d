import Datasets
import Foundation
import JSON

/// Makes new values of a reply, strictly: what is not exactly what was asked for is not used.
struct ReplyReader {
    let keys: [ReplyKey]
    let column: String

    /// Why a reply cannot be used, in words that are the same for all such replies.
    struct Objection: Error, Hashable {
        let reason: String
    }

    /// The new values, in the order of the keys.
    func members(of reply: String) throws(Objection) -> [JSONMember] {
        guard !keys.isEmpty else {
            let text = reply.trimming
            guard !text.isEmpty else { throw Objection(reason: "the reply is empty") }
            return [JSONMember(column, .string(text))]
        }
        guard let members = try Self.json(Self.withoutFences(reply)).members else {
            throw Objection(reason: "the reply is JSON, but not an object {…}")
        }
        if let other = members.first(where: { member in !keys.contains { $0.name == member.key } }) {
            throw Objection(reason: "the reply has a key that was not asked for, such as '\(other.key.prefix(40))'")
        }
        var result: [JSONMember] = []
        for key in keys {
            guard let value = members.last(where: { $0.key == key.name })?.value else {
                throw Objection(reason: "the reply lacks the key '\(key.name)'")
            }
            guard Self.isOf(key.kind, value) else {
                throw Objection(
                    reason: "'\(key.name)' of the reply should be a \(key.kind.rawValue), it is \(value.kind)")
            }
            if value.stringValue?.trimming.isEmpty == true {
                throw Objection(reason: "'\(key.name)' of the reply is empty")
            }
            result.append(JSONMember(key.name, value))
        }
        return result
    }

    private static func isOf(_ kind: ReplyKey.Kind, _ value: JSONValue) -> Bool {
        switch kind {
        case .text: value.stringValue != nil
        case .number: value.number?.isFinite == true
        case .boolean: value.boolValue != nil
        case .list: value.arrayValue != nil
        case .object: value.members != nil
        }
    }

    /// RFC 8259 and nothing else: NaN, comments and trailing commas make no data.
    private static func json(_ text: String) throws(Objection) -> JSONValue {
        var text = text
        let result = text.withUTF8 { bytes -> Result<JSONValue, Objection> in
            var scanner = JSONScanner(bytes, dialect: .strict)
            do throws(JSONError) {
                let value = try scanner.readValue()
                try scanner.expectEnd()
                return .success(value)
            } catch {
                return .failure(Objection(reason: "the reply is not JSON"))
            }
        }
        return try result.get()
    }

    /// The reply without a Markdown fence around all of it, and without a thought before it.
    private static func withoutFences(_ reply: String) -> String {
        var text = reply.trimming
        if text.hasPrefix("<think>"), let end = text.range(of: "</think>") {
            text = String(text[end.upperBound...]).trimming
        }
        guard text.hasPrefix("```"), text.hasSuffix("```"), text.count > 6, let line = text.firstIndex(of: "\n") else {
            return text
        }
        return String(text[text.index(after: line)...].dropLast(3)).trimming
    }
}

extension String {
    fileprivate var trimming: String {
        var view = self[...]
        while view.first?.isWhitespace == true { view.removeFirst() }
        while view.last?.isWhitespace == true { view.removeLast() }
        return String(view)
    }
}
