extension Template {
    /// Breeze of MediaTek: instructions in brackets.
    static let breeze = Template("breeze", prefix: [.bos], user: ["[INST] {{content}} [/INST] "], hasEfficientEOS: true)
}
