/// All templates by name: one file in `Families` and one line here each.
public enum TemplateCatalog {
    /// In alphabetical order of their names.
    public static let all: [Template] = [
        .default,
        .empty,
        .llama3,
        .qwen,
        .qwen2VL,
    ]

    private static let byName = Dictionary(all.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })

    /// The template with LLaMA-Factory's name `name`.
    ///
    /// - Throws: when there is none, naming the nearest one.
    public static func template(named name: String) throws(TemplateError) -> Template {
        if let template = byName[name] { return template }
        let names = all.map(\.name)
        let nearest = names.min { EditDistance.between($0, name) < EditDistance.between($1, name) }
        let hint = nearest.map {
            EditDistance.between($0, name) <= max(2, name.count / 2) ? "; did you mean \($0)?" : ""
        }
        throw TemplateError(
            "template: \(name) does not exist\(hint ?? "") Known templates: \(names.joined(separator: ", "))")
    }
}
