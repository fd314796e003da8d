import Prompting
import RunConfig

/// The texts of LLaMA-Factory's evaluation prompts (eval/template.py): solved examples are earlier turns, the subject stands
/// before the first.
struct BenchmarkPrompt: Sendable {
    let system: @Sendable (String) -> String
    let answer: String

    init(_ language: BenchmarkLanguage) {
        switch language {
        case .en:
            system = { "The following are multiple choice questions (with answers) about \($0).\n\n" }
            answer = "\nAnswer:"
        case .zh:
            system = { "以下是中国关于\($0)考试的单项选择题，请选出其中的正确答案。\n\n" }
            answer = "\n答案："
        }
    }

    /// The conversation up to the answer that is asked for.
    func conversation(_ question: BenchmarkTask.Question, examples: [BenchmarkTask.Question], subject: String)
        -> Conversation
    {
        var messages = examples.flatMap { [Message(.user, text($0)), Message(.assistant, $0.answer)] }
        messages.append(Message(.user, text(question)))
        messages[0].content = system(subject) + messages[0].content
        return Conversation(messages: messages)
    }

    private func text(_ question: BenchmarkTask.Question) -> String {
        let choices = zip(BenchmarkTask.letters, question.choices).compactMap { letter, text in
            text.map { "\n\(letter). \($0)" }
        }
        return question.question + choices.joined() + answer
    }
}
