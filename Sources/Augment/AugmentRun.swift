public import Datasets
import Foundation
import JSON
import Reporting
import Web

/// Makes new rows from rows by asking a model, as often as wanted for each row.
///
/// Replies are used only when they are what was asked for, follow the rules and are new. What was done is kept on disk: a run
/// that is stopped, or whose endpoint fails, goes on when it is started again.
public struct AugmentRun: Sendable {
    private let settings: AugmentSettings
    private let records: [Record]
    private let outputPath: String
    private let prompt: PromptTemplate
    private let system: PromptTemplate?

    /// Failures one after another, without any success, after which the endpoint counts as out of order.
    private static let maxFailures = 10

    /// - Throws: `AugmentError` when a column that is named does not exist.
    public init(_ settings: AugmentSettings, records: [Record], outputPath: String) throws(AugmentError) {
        self.settings = settings
        self.records = records
        self.outputPath = outputPath
        prompt = PromptTemplate(settings.prompt)
        system = settings.system.map(PromptTemplate.init)
        var columns: Set<String> = []
        for record in records { columns.formUnion(record.members.map(\.key)) }
        for name in prompt.fields + (system?.fields ?? []) + settings.keptColumns where !columns.contains(name) {
            let list = columns.sorted().map { "'\($0)'" }.joined(separator: ", ")
            throw AugmentError(
                "no row has the column '\(name)': the rows have \(list); for braces in the text write {{ and }}")
        }
        let names = settings.keys.map(\.name)
        guard Set(names).count == names.count else {
            throw AugmentError("a key is named twice: \(names.joined(separator: ", "))")
        }
        for rule in settings.rules {
            guard let key = rule.key, !(names + [settings.column]).contains(key) else { continue }
            throw AugmentError("a rule is about the key '\(key)', which replies do not have")
        }
        guard settings.numVariants > 0, settings.numParallel > 0, settings.maxAttempts > 0, settings.timeoutSeconds > 0
        else {
            throw AugmentError("variants, concurrency, tries and the time limit should be above 0")
        }
    }

    /// Asks for everything that is not done yet.
    ///
    /// - Throws: `AugmentError` when no request can succeed; what was done stays.
    public func start(overwrites: Bool = false) async throws -> AugmentReport {
        let files = Set(records.map(\.file)).sorted().joined(separator: ",")
        var output = try AugmentOutput(
            path: outputPath, identity: settings.identity + "\u{1F}" + files, overwrites: overwrites)
        var report = AugmentReport()
        for result in output.earlier {
            if let reason = result { report.dropped[reason, default: 0] += 1 } else { report.numKept += 1 }
        }
        report.numEarlier = report.numKept
        var seen = Set(output.rows.compactMap { row in row.members.map { fingerprint($0) } })
        var waiting = Tasks(numRows: records.count, numVariants: settings.numVariants, done: output.done)
        let total = records.count * settings.numVariants
        let bar = ProgressBar(
            title: "augmenting", unit: "row", total: total, startStep: output.done.count, delaySeconds: 1)
        defer { bar.finish() }
        let web = WebClient(stallSeconds: settings.timeoutSeconds)
        let endpoint = ChatEndpoint(settings: settings, web: web)
        do {
            try await withThrowingTaskGroup(of: (AugmentOutput.Task, Result).self) { group in
                func next() {
                    guard let task = waiting.next() else { return }
                    group.addTask { (task, try await result(of: task, endpoint)) }
                }
                for _ in 0..<settings.numParallel { next() }
                var numFailures = 0
                while let (task, result) = try await group.next() {
                    switch result {
                    case .failed(let reason):
                        report.failed[reason, default: 0] += 1
                        numFailures += 1
                        guard numFailures < Self.maxFailures else {
                            throw AugmentError(
                                "\(numFailures) requests one after another failed, the last because \(reason): run the command again when the endpoint works"
                            )
                        }
                    case .dropped(let reason):
                        numFailures = 0
                        try output.finish(task, row: nil, dropped: reason)
                        report.dropped[reason, default: 0] += 1
                    case .row(let new):
                        numFailures = 0
                        let members = kept(of: task) + new
                        guard seen.insert(fingerprint(members)).inserted else {
                            try output.finish(task, row: nil, dropped: "a duplicate of another reply")
                            report.dropped["a duplicate of another reply", default: 0] += 1
                            break
                        }
                        try output.finish(task, row: .object(members), dropped: nil)
                        report.numKept += 1
                    }
                    bar.advance()
                    next()
                }
            }
        } catch {
            await web.close()
            throw error
        }
        await web.close()
        return report
    }

    private enum Result: Sendable {
        case row([JSONMember])
        case dropped(String)
        case failed(String)
    }

    private func result(of task: AugmentOutput.Task, _ endpoint: ChatEndpoint) async throws -> Result {
        let record = records[task.row - 1]
        guard let text = prompt.text(for: record) else { return .dropped("the row lacks a column of the prompt") }
        var systemText: String?
        if let system {
            guard let text = system.text(for: record) else { return .dropped("the row lacks a column of the prompt") }
            systemText = text
        }
        let reader = ReplyReader(keys: settings.keys, column: settings.column)
        var objection = ""
        // A reply that cannot be used is drawn again, a few times.
        for _ in 0..<min(3, settings.maxAttempts) {
            switch try await endpoint.ask(text, system: systemText, variant: task.variant) {
            case .failed(let reason): return .failed(reason)
            case .refused(let reason): return .dropped(reason)
            case .reply(let reply):
                do throws(ReplyReader.Objection) {
                    let members = try reader.members(of: reply)
                    let broken = settings.rules.lazy.compactMap { $0.objection(to: members) }.first
                    return broken.map(Result.dropped) ?? .row(members)
                } catch {
                    objection = error.reason
                }
            }
        }
        return .dropped(objection)
    }

    /// The columns of the row that the output keeps.
    private func kept(of task: AugmentOutput.Task) -> [JSONMember] {
        let record = records[task.row - 1]
        let new = Set(settings.keys.isEmpty ? [settings.column] : settings.keys.map(\.name))
        return settings.keptColumns.filter { !new.contains($0) }.map { JSONMember($0, record[$0] ?? .null) }
    }

    /// The new values without differences in case and white space.
    private func fingerprint(_ members: [JSONMember]) -> String {
        let new = Set(settings.keys.isEmpty ? [settings.column] : settings.keys.map(\.name))
        return members.filter { new.contains($0.key) }.map { member in
            (member.value.stringValue ?? member.value.text(sortsKeys: true)).lowercased()
                .split(whereSeparator: \.isWhitespace).joined(separator: " ")
        }.joined(separator: "\u{1F}")
    }
}

/// The rows and variants that are to be asked for, in order.
private struct Tasks {
    let numRows: Int
    let numVariants: Int
    let done: Set<AugmentOutput.Task>
    private var index = 0

    init(numRows: Int, numVariants: Int, done: Set<AugmentOutput.Task>) {
        self.numRows = numRows
        self.numVariants = numVariants
        self.done = done
    }

    mutating func next() -> AugmentOutput.Task? {
        while index < numRows * numVariants {
            let task = AugmentOutput.Task(row: index / numVariants + 1, variant: index % numVariants + 1)
            index += 1
            if !done.contains(task) { return task }
        }
        return nil
    }
}
