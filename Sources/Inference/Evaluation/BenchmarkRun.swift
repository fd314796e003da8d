import Basics
import Datasets
import Foundation
import JSON
import Prompting
import Reporting
public import RunConfig
import Torch

/// Answers the questions of a benchmark by the likeliest of the letters A to D: LLaMA-Factory's `eval`.
public struct BenchmarkRun: Sendable {
    /// What came out of a run.
    public struct Result: Sendable, Equatable {
        /// The letter chosen for every question, by subject.
        public var choices: [(subject: String, letters: [String])] = []
        /// Questions with a known answer and the right ones among them, by category, with `Average` of all.
        public var scores: [(category: String, numRight: Int, numAsked: Int)] = []

        public static func == (left: Self, right: Self) -> Bool {
            left.choices.elementsEqual(right.choices, by: ==) && left.scores.elementsEqual(right.scores, by: ==)
        }

        /// The lines of results.log.
        public var lines: [String] {
            scores.filter { $0.numAsked > 0 }.map { score in
                let room = String(repeating: " ", count: max(0, 15 - score.category.count))
                let percent = String(format: "%.2f", 100 * Double(score.numRight) / Double(score.numAsked))
                return "\(room)\(score.category): \(percent)"
            }
        }

        /// The content of results.json.
        var json: JSONValue {
            .object(
                choices.map { subject, letters in
                    JSONMember(
                        subject, .object(letters.enumerated().map { JSONMember(String($0), .string($1)) }))
                })
        }
    }

    private let evaluation: EvaluationArguments
    private let settings: InferenceSettings
    let task: BenchmarkTask
    private let seed: UInt32

    public init(_ config: RunConfig) throws {
        evaluation = config.evaluation
        settings = try InferenceSettings(config)
        guard let name = evaluation.task else { throw InferenceError("task is missing: task=mmlu_test") }
        task = try BenchmarkTask(task: name, taskDir: evaluation.taskDir)
        guard let seed = UInt32(exactly: config.training.seed) else {
            throw InferenceError("seed \(config.training.seed) is none that NumPy takes: 0 to 4294967295")
        }
        self.seed = seed
        if let folder = evaluation.saveDir, FileManager.default.fileExists(atPath: folder) {
            throw InferenceError("save_dir \(folder) already exists, use another one")
        }
    }

    /// Loads the model, answers every question and writes results.json and results.log into `save_dir`.
    ///
    /// - Parameter log: hears what the user should see.
    public func start(log: (String) -> Void = { print($0) }) throws -> Result {
        settings.notes.forEach { log("[note] \($0)") }
        // All files are read before the model is loaded: what is missing is said at once.
        let asked = try task.subjects.map { try task.questions($0, split: task.split) }
        let conversations = try conversations(asked, log)
        let session = try InferenceSession(settings, log: log)
        let letterIDs = try BenchmarkTask.letters.map { letter in
            guard let id = session.tokenizer.encode(letter).last else {
                throw InferenceError("the tokenizer has no token for \(letter)")
            }
            return id
        }
        var result = Result()
        var counts: [String: (right: Int, asked: Int)] = [:]
        for (number, subject) in task.subjects.enumerated() {
            let questions = asked[number]
            let bar = ProgressBar(title: subject.name, unit: "question", total: questions.count, delaySeconds: 1)
            defer { bar.finish() }
            var letters: [String] = []
            for start in stride(from: 0, to: questions.count, by: evaluation.batchSize) {
                let batch = conversations[number][start..<min(start + evaluation.batchSize, questions.count)]
                let prompts = try batch.map { try session.prompt($0).prompt }
                let (logits, dtype) = try session.logits(after: prompts, of: letterIDs)
                letters += logits.map { BenchmarkTask.letters[Self.choice($0, dtype)] }
                bar.advance(by: batch.count)
            }
            result.choices.append((subject.key, letters))
            for (letter, question) in zip(letters, questions) where !question.answer.isEmpty {
                for category in ["Average", subject.category] {
                    counts[category, default: (0, 0)].asked += 1
                    if letter == question.answer { counts[category, default: (0, 0)].right += 1 }
                }
            }
        }
        result.scores = BenchmarkTask.categories.map { ($0, counts[$0]?.right ?? 0, counts[$0]?.asked ?? 0) }
        result.lines.forEach(log)
        if result.lines.isEmpty {
            log("[note] the split \(task.split) of \(task.name) has no answers: there are choices, but no score.")
        }
        try save(result, log)
        return result
    }

    /// The first of the likeliest letters. As in the reference, probabilities that are equal in the model's number format
    /// are equal.
    static func choice(_ logits: [Float], _ dtype: DType) -> Int {
        let highest = logits.max() ?? 0
        let weights = logits.map { exp($0 - highest) }
        let sum = weights.reduce(0, +)
        let probabilities = weights.map { weight -> Float in
            guard dtype == .bfloat16 else { return weight / sum }
            let bits = (weight / sum).bitPattern
            return Float(bitPattern: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) & 0xFFFF_0000)
        }
        return probabilities.indices.reduce(0) { probabilities[$1] > probabilities[$0] ? $1 : $0 }
    }

    /// What the model is asked, by subject. The examples are drawn as the reference draws them: by NumPy's global
    /// generator, one draw a question over all subjects.
    func conversations(_ asked: [[BenchmarkTask.Question]], _ log: (String) -> Void = { _ in }) throws
        -> [[Conversation]]
    {
        let prompt = BenchmarkPrompt(evaluation.lang)
        let examples = try task.subjects.map { try task.questions($0, split: "train") }
        if let fewest = examples.map(\.count).min(), fewest < evaluation.nShot {
            log("[note] some subjects have only \(fewest) examples for n_shot \(evaluation.nShot).")
        }
        var generator = NumPyLegacyRandom(seed: seed)
        return task.subjects.indices.map { number in
            asked[number].map { question in
                let order = generator.shuffledIndices(examples[number].count).prefix(evaluation.nShot)
                return prompt.conversation(
                    question, examples: order.map { examples[number][$0] }, subject: task.subjects[number].name)
            }
        }
    }

    private func save(_ result: Result, _ log: (String) -> Void) throws {
        guard let folder = evaluation.saveDir else { return }
        do { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) } catch {
            throw InferenceError("save_dir \(folder) cannot be made: \(error.localizedDescription)")
        }
        try AtomicFile.write(result.json.text(indent: 2), to: "\(folder)/results.json")
        try AtomicFile.write(result.lines.joined(separator: "\n"), to: "\(folder)/results.log")
        log("Results saved in \(folder)/results.json and \(folder)/results.log")
    }
}
