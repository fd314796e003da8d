extension Template {
    /// Yuan 2.
    static let yuan = Template(
        "yuan",
        user: ["{{content}}", .token("<sep>")],
        assistant: ["{{content}}<eod>\n"],
        stopWords: ["<eod>"])
}
