/// A question and its answer.
struct Turn: Sendable, Equatable {
    var question: String
    var answer: String
}
