import Foundation
public import JSON
public import Prompting
import Synchronization

/// Makes rules for answers: patterns, JSON schemas, choices, tool calls. What was asked for lately is kept, with the masks
/// that were computed for it.
public final class ConstraintCompiler: Sendable {
    private struct Memory {
        var trie: TokenTrie?
        var recent: [(key: String, constraint: GrammarConstraint)] = []
    }

    private static let maxRecent = 8

    private let tokenizer: Tokenizer
    private let numTokens: Int
    private let memory = Mutex(Memory())

    /// - Parameter vocabularySize: ids that can be sampled.
    public init(_ tokenizer: Tokenizer, vocabularySize: Int) {
        self.tokenizer = tokenizer
        numTokens = vocabularySize
    }

    /// Answers that match a pattern as a whole.
    public func regex(_ pattern: String) throws -> any TokenConstraint {
        try cached("regex " + pattern) {
            var grammar = Grammar()
            let root = try grammar.addRule(RegexParser.parse(pattern))
            return (grammar, root)
        }
    }

    /// Answers that are one of these texts.
    public func choice(_ texts: [String]) throws -> any TokenConstraint {
        try cached("choice " + texts.map { "\($0.utf8.count):\($0)" }.joined()) {
            var grammar = Grammar()
            let root = try grammar.addRule(.choice(texts.map(Expression.text)))
            return (grammar, root)
        }
    }

    /// Answers that are JSON after a schema.
    public func json(schema: JSONValue) throws -> any TokenConstraint {
        try cached("schema " + schema.text()) {
            var compiler = SchemaCompiler(schema)
            let root = try compiler.compile()
            return (compiler.grammar, root)
        }
    }

    /// Answers that are a JSON object.
    public func jsonObject() throws -> any TokenConstraint {
        try cached("object") {
            var compiler = SchemaCompiler(.null)
            let root = try compiler.compileObject()
            return (compiler.grammar, root)
        }
    }

    /// Answers that call one of these tools, each with the JSON schema of its arguments.
    ///
    /// - Throws: when the format does not write arguments as JSON, or a schema cannot be kept.
    public func call(of tools: [(name: String, parameters: JSONValue)], format: any ToolFormat) throws
        -> any TokenConstraint
    {
        let parts = try tools.map { tool in
            let mark: JSONValue = .object([JSONMember("\u{10FFFD}", .bool(true))])
            let text = (try? format.write([FunctionCall(name: tool.name, arguments: mark)])) ?? ""
            guard let range = text.range(of: mark.text()) else {
                throw ConstraintError(
                    "a call cannot be required: the tool format \(format.name) does not write arguments as JSON")
            }
            return SchemaCompiler.Part(
                before: String(text[..<range.lowerBound]), schema: tool.parameters,
                after: String(text[range.upperBound...]))
        }
        let key = parts.map { $0.before + "\0" + $0.schema.text() + "\0" + $0.after }.joined(separator: "\0")
        return try cached("call " + key) {
            var compiler = SchemaCompiler(.null)
            let root = try compiler.compile(parts)
            return (compiler.grammar, root)
        }
    }

    /// Answers of certain tokens only.
    public func tokens(_ ids: [Int32]) -> any TokenConstraint { TokenSetConstraint(ids, numTokens: numTokens) }

    /// The same rule after a thought in free words.
    public func afterThought(_ rule: any TokenConstraint, words: ThoughtWords) -> any TokenConstraint {
        AfterThought(rule, words: words, tokenizer: tokenizer, numTokens: numTokens)
    }

    private func cached(
        _ key: String, _ make: () throws -> (Grammar, Int)
    ) throws -> any TokenConstraint {
        let (trie, known) = memory.withLock { memory in
            let trie = memory.trie ?? TokenTrie(tokenizer, numTokens: numTokens)
            memory.trie = trie
            return (trie, memory.recent.first { $0.key == key }?.constraint)
        }
        if let known { return known }
        let (grammar, root) = try make()
        let constraint = try GrammarConstraint(grammar, root: root, trie: trie, tokenizer: tokenizer)
        memory.withLock { memory in
            memory.recent.removeAll { $0.key == key }
            memory.recent.append((key, constraint))
            if memory.recent.count > Self.maxRecent { memory.recent.removeFirst() }
        }
        return constraint
    }
}
