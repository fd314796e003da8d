extension Template {
    /// Solar of Upstage.
    static let solar = Template(
        "solar",
        system: ["### System:\n{{content}}\n\n"],
        user: ["### User:\n{{content}}\n\n### Assistant:\n"],
        hasEfficientEOS: true)
}
