import Datasets
import Foundation
import Prompting
import RunConfig
import Testing

@testable import Reinforcement
@testable import Training

struct RewardTests {
    private struct Golden: Decodable {
        let texts: [String]
        let lengths: [Int]
        let right: [Double]
        let format: [Double]
        let react_format: [Double]
        let repetition: [Double]
        let soft_overlong: [Double]
        let cosine: [Double]
    }

    private static func answer(_ text: String, _ label: String? = nil, numTokens: Int = 1) -> JudgedAnswer {
        JudgedAnswer(
            task: RolloutTask(messages: [Message(.user, "q")], label: label), text: text, numTokens: numTokens,
            origin: .init(dataset: "d", file: "f", row: 1))
    }

    private static func scores(_ verdicts: [RewardVerdict]) -> [Double] {
        verdicts.map { if case .score(let score) = $0 { score } else { .nan } }
    }

    @Test func `format, repetition, overlong and cosine are ms-swift's`() throws {
        let golden = try JSONDecoder().decode(
            Golden.self, from: Data(contentsOf: URL(fileURLWithPath: "\(Place.fixtures)/rewards.json")))
        var settings = ReinforcementArguments()
        settings.softMaxLength = 20
        settings.softCacheLength = 8
        settings.cosineMaxLen = 20
        // What is right is given: the label is the answer itself or something else.
        let answers = golden.texts.indices.map { index in
            Self.answer(
                "\(golden.texts[index])", golden.right[index] == 1 ? golden.texts[index] : "something else entirely",
                numTokens: golden.lengths[index])
        }
        for (name, expected) in [
            ("format", golden.format), ("react_format", golden.react_format), ("repetition", golden.repetition),
            ("soft_overlong", golden.soft_overlong), ("cosine", golden.cosine),
        ] {
            let own = Self.scores(try RewardCatalog.reward(name, settings).verdicts(on: answers))
            for index in own.indices {
                #expect(abs(own[index] - expected[index]) < 1e-9, "\(name): \(golden.texts[index].debugDescription)")
            }
        }
    }

    @Test(arguments: [
        ("满足要求", "满足要求", true), ("不满足要求", "满足要求", false), ("Yes.", "yes", true), ("", "yes", false),
        ("<think>no</think> <answer> yes </answer>", "yes", true), ("so \\boxed{\\frac{3}{4}}", "0.75", true),
        ("<answer>1,234.50</answer>", "1234.5", true), ("\\boxed{x^{2}}", "\\boxed{x^{2}}", true),
        ("\\boxed{12\\%}", "0.12", true), ("\\boxed{3\\cdot10^{2}}", "300", true), ("1/3", "0.3333", false),
        ("-\\frac{1}{2}", "-0.5", true), ("$5", "5", true), ("12", "13", false), ("1,2", "12", false),
    ])
    func `accuracy compares numbers as numbers and texts as texts`(_ answer: String, _ label: String, _ isRight: Bool) {
        #expect(AnswerMatch.isEqual(answer, label) == isRight)
    }

    @Test func `math takes the last number, json wants JSON`() {
        #expect(AnswerMatch.isEqualNumber("First 3, then 4: that makes 7.", "... #### 7"))
        #expect(AnswerMatch.isEqualNumber("It costs $1,250.", "1250"))
        #expect(!AnswerMatch.isEqualNumber("7 or 8", "7"))
        #expect(!AnswerMatch.isEqualNumber("none", "7"))
        #expect(AnswerFormat.isJSON(#" {"a": [1, 2]} "#) && AnswerFormat.isJSON("[]"))
        for text in ["", "{", "{\"a\": NaN}", "7", "{} x", "```json\n{}\n```"] { #expect(!AnswerFormat.isJSON(text)) }
    }

    @Test func `a program's numbers are rewards; garbage and NaN are tried again and then left out, by name`() throws {
        let answers = (0..<4).map { Self.answer("text \($0)", "label") }
        let good = ProgramReward(
            command:
                #"while read -r line; do case "$line" in *"text 2"*) echo null;; *) echo '{"reward": 0.5}';; esac; done"#,
            timeoutSeconds: 20, maxAttempts: 2)
        #expect(try good.verdicts(on: answers) == [.score(0.5), .score(0.5), .notApplicable, .score(0.5)])
        let bad = ProgramReward(
            command:
                #"while read -r line; do case "$line" in *"text 1"*) echo NaN;; *"text 3"*) echo maybe;; *) echo 1;; esac; done"#,
            timeoutSeconds: 20, maxAttempts: 2)
        let verdicts = try bad.verdicts(on: answers)
        #expect(verdicts[0] == .score(1) && verdicts[2] == .score(1))
        guard case .failed = verdicts[1], case .failed = verdicts[3] else {
            Issue.record("\(verdicts)")
            return
        }
        let short = try ProgramReward(command: "echo 1; exit 3", timeoutSeconds: 20, maxAttempts: 1).verdicts(
            on: answers)
        #expect(short[0] == .score(1) && short[1] == .failed("the program ended with status 3"))
        #expect(throws: TrainingError.self) {
            try ProgramReward(command: "/no/such/program", timeoutSeconds: 20, maxAttempts: 2).verdicts(on: answers)
        }
    }

    @Test func `a program that hangs is ended in time, and its answers are left out`() throws {
        let start = Date()
        let verdicts = try ProgramReward(command: "echo 1; sleep 600", timeoutSeconds: 0.4, maxAttempts: 2)
            .verdicts(on: [Self.answer("a"), Self.answer("b"), Self.answer("c")])
        #expect(verdicts == [.score(1), .score(1), .failed("the program gave no line in 0.4 s")])
        #expect(Date().timeIntervalSince(start) < 30)
    }

    @Test func `a table leaves failed answers out, and refuses to go on when all fail`() throws {
        struct Fixed: Reward {
            let name = "fixed"
            let result: [RewardVerdict]
            func verdicts(on answers: [JudgedAnswer]) -> [RewardVerdict] { result }
        }
        let answers = (0..<3).map { Self.answer("\($0)") }
        let table = try RewardTable(
            answers, rewards: [Fixed(result: [.score(2), .score(.nan), .failed("down")])], weights: [0.5])
        #expect(table.total(0) == 1 && table.total(1) == nil && table.total(2) == nil)
        #expect(table.numFailures(of: "fixed") == 2)
        #expect {
            try RewardTable(
                answers, rewards: [Fixed(result: [.failed("down"), .failed("down"), .score(.infinity)])], weights: [1])
        } throws: { "\($0)".contains("the reward fixed failed for all 3 answers of a step: down") }
        #expect(throws: TrainingError.self) {
            try RewardTable(answers, rewards: [Fixed(result: answers.map { _ in .notApplicable })], weights: [1])
        }
    }

}
