extension Template {
    /// Index of Bilibili.
    static let index = Template(
        "index",
        system: ["<unk>{{content}}"],
        user: ["reserved_0{{content}}reserved_1"],
        hasEfficientEOS: true)
}
