extension Template {
    /// Nothing around the content, not even an end of sequence.
    static let empty = Template("empty", assistant: ["{{content}}"])
}
