/// All templates by name: one file in `Families` and one line here each.
///
/// To add LLaMA-Factory's template `foo_bar`: write `Families/FooBar.swift` with `extension Template { static let fooBar =
/// Template("foo_bar", …) }`, name only what differs from the defaults, and add `.fooBar` below. Shared forms (ChatML)
/// are functions beside the first family that uses them. A new tool format or media format is a file in `Tools` or
/// `Media`. Then add the name to the jobs of Tools/fixtures/prompting_encoding.py and write the golden file again.
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

    /// The template of a run's `template` setting; `empty` when none is named and the tokenizer has no chat template.
    ///
    /// - Throws: when none is named though the tokenizer has one, which cannot be taken apart yet.
    public static func template(
        named name: String?, tokenizer: Tokenizer
    ) throws(TemplateError) -> Template {
        if let name { return try template(named: name) }
        guard tokenizer.chatTemplate == nil else {
            throw TemplateError(
                "template is not set, and the model's own chat template cannot be taken apart yet: set template to one of "
                    + all.map(\.name).joined(separator: ", "))
        }
        return .empty
    }
}
