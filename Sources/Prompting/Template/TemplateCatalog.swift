import Basics

/// All templates by name: one file for each family in `Families` and one line here for each name.
///
/// To add LLaMA-Factory's template `foo_bar`: write `Families/Foo.swift` with `extension Template { static let fooBar =
/// Template("foo_bar", …) }` (or add it to its family's file), name only what differs from the defaults, and add
/// `.fooBar` below. Shared forms (ChatML) are functions beside the first family that uses them; a template that differs
/// from another in a few pieces is a `copy` of it. A new tool format or media format is a file in `Tools` or `Media`.
/// Then write the golden file of Tools/fixtures/prompting_templates.py again.
public enum TemplateCatalog {
    /// In alphabetical order of their names.
    public static let all: [Template] = [
        .aeva,
        .alpaca,
        .bailing,
        .bailingV2,
        .breeze,
        .chatglm3,
        .chatml,
        .chatmlDE,
        .cohere,
        .cpm4,
        .dbrx,
        .deepseek,
        .deepseek3,
        .deepseekcoder,
        .deepseekr1,
        .default,
        .dotsOCR,
        .empty,
        .ernie,
        .ernieNothink,
        .ernieVL,
        .exaone,
        .falcon,
        .falconH1,
        .fewshot,
        .gemma,
        .gemma2,
        .gemma3,
        .gemma3n,
        .gemma4,
        .gemma4n,
        .glm4,
        .glm45V,
        .glm47,
        .glm4MoE,
        .glm4v,
        .glmOCR,
        .glmz1,
        .gptOSS,
        .granite3,
        .granite3Vision,
        .granite4,
        .hunyuan,
        .hunyuanSmall,
        .hy3,
        .hyDense18B,
        .hyDense7B,
        .index,
        .intern2,
        .internS1,
        .internVL,
        .keyeVL,
        .kimiVL,
        .lfm2,
        .lfm2VL,
        .llama2,
        .llama2ZH,
        .llama3,
        .llama4,
        .llava,
        .llavaNext,
        .llavaNextLlama3,
        .llavaNextMistral,
        .llavaNextQwen,
        .llavaNextVideo,
        .llavaNextVideoMistral,
        .llavaNextVideoYi,
        .llavaNextYi,
        .mimo,
        .mimoV2,
        .mimoVL,
        .minicpmO,
        .minicpmV,
        .minicpmV46,
        .minimax1,
        .minimax2,
        .ministral,
        .ministral3,
        .mistral,
        .mistralSmall,
        .mllama,
        .moonlight,
        .mossVL,
        .olmo,
        .openchat,
        .openchat36,
        .opencoder,
        .paligemma,
        .paligemmaChat,
        .phi,
        .phi4,
        .phi4Mini,
        .phiSmall,
        .pixtral,
        .qwen,
        .qwen2Audio,
        .qwen2Omni,
        .qwen2VL,
        .qwen3,
        .qwen35,
        .qwen35Nothink,
        .qwen36,
        .qwen3Nothink,
        .qwen3Omni,
        .qwen3OmniNothink,
        .qwen3VL,
        .qwen3VLNothink,
        .sailor,
        .seedCoder,
        .seedOSS,
        .smollm,
        .smollm2,
        .solar,
        .starchat,
        .telechat2,
        .vicuna,
        .videoLlava,
        .xuanyuan,
        .yi,
        .yiVL,
        .youtu,
        .youtuVL,
        .yuan,
        .zephyr,
    ]

    private static let byName = Dictionary(all.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })

    /// The template with LLaMA-Factory's name `name`.
    ///
    /// - Throws: when there is none, naming the nearest one.
    public static func template(named name: String) throws(TemplateError) -> Template {
        if let template = byName[name] { return template }
        let hint = NearestName.hint(for: name, among: all.map(\.name), plural: "templates")
        throw TemplateError("template: \(name) does not exist\(hint) (anneal template list prints all)")
    }

    /// The template of a run's `template` setting. When none is named, or `Template.derivedName`, it is taken from the
    /// tokenizer's chat template.
    ///
    /// - Throws: when the name is unknown, when there is no chat template (where LLaMA-Factory would take `empty` and train
    ///   on bare text), or when the chat template does not write what has to be asked of it.
    public static func template(
        named name: String?, tokenizer: Tokenizer
    ) throws(TemplateError) -> Template {
        if let name, name != Template.derivedName { return try template(named: name) }
        return try .derived(from: tokenizer)
    }
}
