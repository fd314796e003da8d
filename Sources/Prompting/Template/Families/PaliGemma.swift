extension Template {
    /// PaliGemma: bare text after the image.
    static let paligemma = Template(
        "paligemma",
        prefix: [.bos],
        user: ["{{content}}\n"],
        fusesSystem: true,
        unsupportedMedia: "paligemma")

    /// PaliGemma in Gemma's form.
    static let paligemmaChat = gemma.copy("paligemma_chat") {
        $0.system = ["{{content}}"]
        $0.unsupportedMedia = "paligemma"
    }
}
