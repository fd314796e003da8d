extension Template {
    /// Mistral 7B and Mixtral.
    static let mistral = Template(
        "mistral",
        prefix: [.bos],
        system: ["{{content}}\n\n"],
        user: ["[INST] {{content}}[/INST]"],
        assistant: [" {{content}}", .eos],
        function: ["[TOOL_CALLS] {{content}}", .eos],
        observation: ["[TOOL_RESULTS] {\"content\": {{content}}}[/TOOL_RESULTS]"],
        toolFormat: MistralToolFormat(),
        fusesSystem: true)

    /// Ministral 8B and Mistral Nemo (tekken): no spaces in the brackets.
    static let ministral = mistral.copy("ministral") {
        $0.user = ["[INST]{{content}}[/INST]"]
        $0.assistant = ["{{content}}", .eos]
        $0.function = ["[TOOL_CALLS]{{content}}", .eos]
        $0.observation = ["[TOOL_RESULTS]{\"content\": {{content}}}[/TOOL_RESULTS]"]
    }

    /// Mistral Small 3: a system turn of its own.
    static let mistralSmall = ministral.copy("mistral_small") {
        $0.system = ["[SYSTEM_PROMPT]{{content}}[/SYSTEM_PROMPT]"]
        $0.fusesSystem = false
        $0.unsupportedMedia = "pixtral"
    }

    /// Ministral 3.
    static let ministral3 = mistralSmall.copy("ministral3") {
        $0.system = ["{{content}}\n\n"]
        $0.fusesSystem = true
    }

    /// Pixtral.
    static let pixtral = ministral.copy("pixtral") { $0.unsupportedMedia = "pixtral" }
}
