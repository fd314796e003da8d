import ArgumentParser
import Augment
import Datasets
import Foundation
import Web

struct DataAugmentCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "augment", abstract: "Makes new rows from rows by asking a model.",
        discussion: """
            anneal data augment IN.jsonl OUT.jsonl --model NAME --prompt "Ask a question about: {text}" --keys question,answer

            IN is a data file or folder of any format that training reads. {column} in the prompt stands for a row's value; \
            replies must be one JSON object with exactly the keys (NAME or NAME:number, :boolean, :list, :object); without \
            --keys the whole reply goes into the column of --column. The endpoint is any that speaks OpenAI's chat \
            completions: --base-url or $OPENAI_BASE_URL; its key comes from $OPENAI_API_KEY only. Run the same command again \
            to go on after a stop.
            """)

    @Argument(help: "Data file or folder to read.")
    var input: String

    @Argument(help: "JSONL file to write.")
    var output: String

    @Option(name: .customLong("base-url"), help: "The endpoint, such as http://localhost:8000/v1.")
    var baseURL: String?

    @Option(help: "The endpoint's name of the model.")
    var model: String

    @Option(help: "What is asked, with {column} fields.")
    var prompt: String?

    @Option(name: .customLong("prompt-file"), help: "File with what is asked.")
    var promptFile: String?

    @Option(help: "System prompt, with {column} fields.")
    var system: String?

    @Option(help: "Keys of the reply's JSON object, comma separated.")
    var keys: String?

    @Option(help: "Column for replies that are text.")
    var column = "output"

    @Option(name: .customLong("keep-columns"), help: "Columns of the row to keep, comma separated.")
    var keepColumns: String?

    @Option(help: "Replies for each row.")
    var variants = 1

    @Option(help: "Requests at the same time.")
    var concurrency = 8

    @Option(help: "Sampling temperature.")
    var temperature = 0.9

    @Option(name: .customLong("max-tokens"), help: "Longest reply, in tokens.")
    var maxTokens: Int?

    @Option(help: "Seconds that a request may take.")
    var timeout = 120.0

    @Option(help: "Tries of a request.")
    var retries = 5

    @Option(name: .customLong("max-rows"), help: "Only the first rows.")
    var maxRows: Int?

    @Option(name: .customLong("min-length"), help: "[KEY=]N: drop replies with shorter texts.")
    var minLength: [String] = []

    @Option(name: .customLong("max-length"), help: "[KEY=]N: drop replies with longer texts.")
    var maxLength: [String] = []

    @Option(help: "[KEY=]REGEX: drop replies that do not match.")
    var match: [String] = []

    @Option(name: .customLong("must-contain"), help: "[KEY=]TEXT: drop replies without it.")
    var mustContain: [String] = []

    @Option(name: .customLong("must-not-contain"), help: "[KEY=]TEXT: drop replies with it.")
    var mustNotContain: [String] = []

    @Flag(help: "Begin anew although the output exists.")
    var overwrite = false

    func run() throws {
        let environment = ProcessInfo.processInfo.environment
        guard let base = baseURL ?? environment["OPENAI_BASE_URL"], !base.isEmpty else {
            throw CommandError("the endpoint is missing: add --base-url or set OPENAI_BASE_URL")
        }
        var settings = AugmentSettings(baseURL: base, model: model, prompt: try promptText())
        settings.key = environment["OPENAI_API_KEY"].flatMap { $0.isEmpty ? nil : $0 }
        settings.system = system
        settings.keys = try list(keys).map { try ReplyKey($0) }
        settings.column = column
        settings.keptColumns = list(keepColumns)
        settings.numVariants = variants
        settings.numParallel = concurrency
        settings.temperature = temperature
        settings.maxTokens = maxTokens
        settings.timeoutSeconds = timeout
        settings.maxAttempts = retries
        settings.rules = try rules(settings.keys.isEmpty ? [column] : settings.keys.map(\.name))
        let run = try AugmentRun(
            settings, records: try RecordFile.read(fileOrFolder: input, limit: maxRows), outputPath: output)
        let overwrite = overwrite
        let report = try waitFor { try await run.start(overwrites: overwrite) }
        for line in report.lines { print(line) }
        if report.numFailed > 0 { throw ExitCode(1) }
    }

    private func promptText() throws -> String {
        if let prompt, promptFile == nil { return prompt }
        guard let promptFile, prompt == nil else { throw CommandError("give --prompt or --prompt-file, one of them") }
        guard let data = FileManager.default.contents(atPath: promptFile),
            let text = String(data: data, encoding: .utf8)
        else {
            throw CommandError("\(promptFile) cannot be read as text")
        }
        return text
    }

    private func list(_ text: String?) -> [String] {
        (text ?? "").split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
    }

    /// "answer=20" is about one key when there is such a key; everything else is about all.
    private func rules(_ keys: [String]) throws -> [ReplyRule] {
        func parts(_ text: String) -> (key: String?, value: String) {
            guard let mark = text.firstIndex(of: "="), keys.contains(String(text[..<mark])) else { return (nil, text) }
            return (String(text[..<mark]), String(text[text.index(after: mark)...]))
        }
        func number(_ text: String, _ option: String) throws -> Int {
            guard let number = Int(text), number >= 0 else {
                throw CommandError(
                    "\(option) '\(text)' should be a number of characters, or KEY=NUMBER with one of the keys")
            }
            return number
        }
        var rules: [ReplyRule] = []
        for (key, value) in minLength.map(parts) {
            rules.append(try ReplyRule(key: key, .minLength(try number(value, "--min-length"))))
        }
        for (key, value) in maxLength.map(parts) {
            rules.append(try ReplyRule(key: key, .maxLength(try number(value, "--max-length"))))
        }
        for (key, value) in match.map(parts) { rules.append(try ReplyRule(key: key, .matches(value))) }
        for (key, value) in mustContain.map(parts) { rules.append(try ReplyRule(key: key, .contains(value))) }
        for (key, value) in mustNotContain.map(parts) { rules.append(try ReplyRule(key: key, .lacks(value))) }
        return rules
    }
}
