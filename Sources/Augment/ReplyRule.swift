import Foundation
import JSON

/// A condition on the new values of a row.
public struct ReplyRule: Sendable, Hashable, CustomStringConvertible {
    /// What is asked of a text.
    public enum Condition: Sendable, Hashable {
        case minLength(Int)
        case maxLength(Int)
        case matches(String)
        case contains(String)
        case lacks(String)
    }

    /// The key whose text is looked at; nil looks at all texts: each for lengths and what it must lack, any for the others.
    public let key: String?
    /// What is asked.
    public let condition: Condition

    /// - Throws: `AugmentError` for a pattern that is not one.
    public init(key: String? = nil, _ condition: Condition) throws(AugmentError) {
        self.key = key
        self.condition = condition
        if case .matches(let pattern) = condition {
            do { _ = try NSRegularExpression(pattern: pattern) } catch {
                throw AugmentError("'\(pattern)' is not a regular expression")
            }
        }
    }

    /// Why a row breaks the rule; nil when it does not.
    func objection(to members: [JSONMember]) -> String? {
        let texts = members.filter { key == nil || $0.key == key }.compactMap { $0.value.stringValue }
        let isKept =
            switch condition {
            case .minLength(let count): texts.allSatisfy { $0.count >= count }
            case .maxLength(let count): texts.allSatisfy { $0.count <= count }
            case .lacks(let word): !texts.contains { $0.contains(word) }
            case .contains(let word): texts.contains { $0.contains(word) }
            case .matches(let pattern): texts.contains { $0.range(of: pattern, options: .regularExpression) != nil }
            }
        return isKept ? nil : "\(self)"
    }

    /// "shorter than 10 characters (answer)"
    public var description: String {
        let text =
            switch condition {
            case .minLength(let count): "shorter than \(count) characters"
            case .maxLength(let count): "longer than \(count) characters"
            case .matches(let pattern): "does not match \(pattern)"
            case .contains(let word): "lacks '\(word)'"
            case .lacks(let word): "contains '\(word)'"
            }
        return key.map { "\(text) (\($0))" } ?? text
    }
}
