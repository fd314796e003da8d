/// What the demo's tokenizer learns from: every fixed part of its texts, and the names of the things.
enum TokenizerText {
    static var fragments: [(text: String, weight: Int)] {
        let chat = ["system", "user", "assistant", "\n", "You are a helpful assistant."]
        let wordings =
            [SeeingLesson.corners, SeeingLesson.allCornersTaken, SeeingLesson.isPlaced] + SeeingLesson.everything
            + SeeingLesson.howMany
            + SeeingLesson.whichIsMore
            + SeeingLesson.areThereEnough
            + Rule.allWordings + [RuleTask.request]
        let fixed =
            chat + SeeingLesson.answerWords + SeeingLesson.halves.map(\.0) + [RuleTask.meets, RuleTask.fails]
            + wordings.flatMap(\.parts)
        return ItemKind.allCases.map { ($0.word, 100) } + fixed.filter { !$0.isEmpty }.map { ($0, 20) }
    }
}
