import Yams

/// The keys and values of one source (a file or the command line), each with the place where it was written.
struct ConfigDocument {
    /// One key with its value.
    struct Entry {
        let key: String
        var value: ConfigValue
        var origin: ConfigError.Origin?
    }

    /// The entries in the order in which they were written; keys are unique.
    var entries: [Entry] = []

    /// More nodes than any configuration has: aliases of aliases grow without end.
    private static let maxNodes = 100_000

    /// Reads YAML or JSON (which is YAML) from `text`; tags that name a program's types are refused, nothing is constructed.
    init(yaml text: String, path: String) throws(ConfigError) {
        let root = try Self.root(of: text, path: path)
        guard let root else { return }
        var numNodes = 0
        guard case .mapping(let mapping) = root else {
            let origin = ConfigError.Origin.file(path: path, line: root.mark?.line)
            throw ConfigError([.init("Expected a mapping of settings, one `key: value` a line.", origin: origin)])
        }
        var problems: [ConfigError.Problem] = []
        for (keyNode, node) in mapping {
            let origin = ConfigError.Origin.file(path: path, line: keyNode.mark?.line)
            guard let key = keyNode.scalar?.string, key != "<<" else {
                problems.append(.init("A key must be plain text.", origin: origin))
                continue
            }
            do {
                let value = try Self.value(of: node, numNodes: &numNodes)
                entries.append(Entry(key: key, value: value, origin: origin))
            } catch {
                problems.append(.init(key: key, "`\(key)`: \(error.message)", origin: origin))
            }
        }
        if !problems.isEmpty { throw ConfigError(problems) }
    }

    /// A document without entries.
    init() {}

    /// Reads the text of one value, as OmegaConf does with `key=value`.
    static func value(ofText text: String) throws -> ConfigValue {
        var numNodes = 0
        guard let node = try Yams.compose(yaml: text, .basic) else { return .null }
        return try value(of: node, numNodes: &numNodes)
    }

    /// Lays another document over this one.
    mutating func merge(_ other: ConfigDocument) {
        for entry in other.entries {
            if let index = entries.firstIndex(where: { $0.key == entry.key }) {
                entries[index].value = entries[index].value.merged(with: entry.value)
                entries[index].origin = entry.origin
            } else {
                entries.append(entry)
            }
        }
    }

    private static func root(of text: String, path: String) throws(ConfigError) -> Node? {
        do {
            return try Yams.compose(yaml: text, .basic)
        } catch let error as YamlError {
            throw ConfigError([problem(of: error, in: text, path: path)])
        } catch {
            throw ConfigError([.init("\(error)", origin: .file(path: path, line: nil))])
        }
    }

    private static func problem(of error: YamlError, in yaml: String, path: String) -> ConfigError.Problem {
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let context = context.map { $0.text + ": " } ?? ""
            return .init("Not valid YAML: \(context)\(problem).", origin: .file(path: path, line: mark.line))
        case .duplicatedKeysInMapping(let keys, let context):
            let names = keys.sorted().map { "`\($0)`" }.joined(separator: ", ")
            // Yams tells where the mapping starts; the line that repeats the key is what has to go.
            let repeated = yaml.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
                .filter { line in keys.contains { line.element.hasPrefix($0 + ":") } }.last.map { $0.offset + 1 }
            return .init(
                "\(names) is given more than once; keep one.",
                origin: .file(path: path, line: repeated ?? context.mark.line))
        default:
            return .init("Not valid YAML: \(error)", origin: .file(path: path, line: nil))
        }
    }

    /// Why a node was refused.
    private struct NodeError: Error {
        let message: String
    }

    private static let plainTags: Set<String> = Set(
        ["str", "seq", "map", "int", "float", "bool", "null"].map { "tag:yaml.org,2002:" + $0 })

    private static func value(of node: Node, numNodes: inout Int) throws(NodeError) -> ConfigValue {
        numNodes += 1
        if numNodes > maxNodes { throw NodeError(message: "the value has more than \(maxNodes) parts.") }
        let tag = node.tag.description
        guard plainTags.contains(tag) else {
            throw NodeError(
                message: "the tag \(tag) is not allowed: a configuration holds plain values only.")
        }
        switch node {
        case .scalar(let scalar):
            let isQuoted = scalar.style != .plain && scalar.style != .any
            if !isQuoted, ["", "~", "null", "Null", "NULL"].contains(scalar.string) { return .null }
            return .scalar(scalar.string, isQuoted: isQuoted)
        case .sequence(let sequence):
            var elements: [ConfigValue] = []
            for element in sequence { elements.append(try value(of: element, numNodes: &numNodes)) }
            return .list(elements)
        case .mapping(let mapping):
            var entries: [String: ConfigValue] = [:]
            for (key, element) in mapping {
                guard let name = key.scalar?.string else { throw NodeError(message: "a key must be plain text.") }
                entries[name] = try value(of: element, numNodes: &numNodes)
            }
            return .map(entries)
        case .alias:
            throw NodeError(message: "an alias (*name) without its anchor.")
        }
    }
}
