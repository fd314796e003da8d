extension Template {
    /// Aeva: GLM-4.7's form with a system text of its own.
    static let aeva = glm47.copy("aeva") {
        $0.defaultSystem =
            "You are an AI assistant named Aeva created by Zongzhi Lou. Your answer should be friendly, "
            + "unbiased, faithful, informative and detailed."
    }
}
