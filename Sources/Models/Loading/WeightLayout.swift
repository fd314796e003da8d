/// How a checkpoint's names map to the module paths: the first matching prefix is exchanged.
struct WeightLayout: Sendable, Equatable {
    struct Rule: Sendable, Equatable {
        let file: String
        let module: String
    }
    let rules: [Rule]

    init(_ rules: [(String, String)]) { self.rules = rules.map { Rule(file: $0.0, module: $0.1) } }

    /// Names as transformers 5's module paths.
    static let identity = WeightLayout([])

    /// The name in the file of a module path.
    func fileName(_ path: String) -> String {
        for rule in rules where path.hasPrefix(rule.module) { return rule.file + path.dropFirst(rule.module.count) }
        return path
    }
}
