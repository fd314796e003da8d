extension Template {
    /// MiniMax-Text-01 and M1.
    static let minimax1 = Template(
        "minimax1",
        system: ["<beginning_of_sentence>system ai_setting=assistant\n{{content}}<end_of_sentence>\n"],
        user: [
            "<beginning_of_sentence>user name=user\n{{content}}<end_of_sentence>\n<beginning_of_sentence>ai name=assistant\n"
        ],
        assistant: ["{{content}}<end_of_sentence>\n"],
        function: ["{{content}}<end_of_sentence>\n"],
        observation: [
            "<beginning_of_sentence>tool name=tools\n{{content}}<end_of_sentence>\n<beginning_of_sentence>ai name=assistant\n"
        ],
        toolFormat: MiniMax1ToolFormat(),
        defaultSystem: "You are a helpful assistant.",
        stopWords: ["<end_of_sentence>"])

    /// MiniMax M2, which thinks.
    static let minimax2 = Template(
        "minimax2",
        system: ["]~!b[]~b]system\n{{content}}[e~[\n"],
        user: ["]~b]user\n{{content}}[e~[\n]~b]ai\n"],
        assistant: ["{{content}}[e~[\n"],
        function: ["{{content}}[e~[\n"],
        observation: ["]~b]tool\n<response>{{content}}</response>[e~[\n]~b]ai\n"],
        toolFormat: MiniMax2ToolFormat(),
        defaultSystem: "You are a helpful assistant. Your name is MiniMax-M2.1 and is built by MiniMax.",
        stopWords: ["[e~["],
        isReasoning: true)
}
