import Datasets
import Foundation
import JSON

/// A multiple-choice benchmark on disk: LLaMA-Factory's `evaluation/<name>` with mapping.json and a CSV file a subject and
/// split, in the layouts of MMLU, C-Eval and CMMLU.
struct BenchmarkTask: Sendable {
    /// One question with its choices.
    struct Question: Sendable, Equatable {
        var question: String
        /// Texts of the choices A to D that there are.
        var choices: [String?]
        /// Empty where the split hides it.
        var answer: String
    }

    struct Subject: Sendable, Equatable {
        /// As in the files' names.
        var key: String
        /// As in the prompt.
        var name: String
        var category: String
    }

    static let letters = ["A", "B", "C", "D"]
    /// In the order of the results.
    static let categories = ["Average", "STEM", "Social Sciences", "Humanities", "Other"]

    let name: String
    let split: String
    let subjects: [Subject]
    private let folder: String

    /// - Parameters:
    ///   - task: benchmark and split, as `mmlu_test`.
    ///   - taskDir: folder that holds the benchmark's folder.
    init(task: String, taskDir: String) throws {
        let parts = task.split(separator: "_", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
            throw InferenceError(
                "task \(task) names no benchmark and split; write mmlu_test, ceval_validation or cmmlu_test")
        }
        let aliases = ["val": "validation", "valid": "validation", "dev": "train"]
        let split = aliases[parts[1]] ?? parts[1]
        guard ["test", "validation", "train"].contains(split) else {
            throw InferenceError("task \(task): the splits are test, validation and train")
        }
        name = parts[0]
        self.split = split
        folder = "\(taskDir)/\(parts[0])"
        let path = "\(folder)/mapping.json"
        guard let data = FileManager.default.contents(atPath: path) else {
            throw InferenceError("\(path) cannot be read; task_dir is the folder that holds \(name)/mapping.json")
        }
        let mapping: JSONValue
        do { mapping = try JSONValue(parsing: [UInt8](data)) } catch { throw InferenceError("\(path): \(error)") }
        guard let members = mapping.members, !members.isEmpty else {
            throw InferenceError("\(path) must be an object: {subject: {\"name\", \"category\"}}")
        }
        subjects = try members.map { member in
            guard let name = member.value["name"]?.stringValue, let category = member.value["category"]?.stringValue
            else {
                throw InferenceError("\(path): subject \(member.key) needs \"name\" and \"category\"")
            }
            guard Self.categories.dropFirst().contains(category) else {
                throw InferenceError(
                    "\(path): category \(category) of \(member.key) is none of \(Self.categories.dropFirst().joined(separator: ", "))"
                )
            }
            return Subject(key: member.key, name: name, category: category)
        }
    }

    /// The questions of a subject.
    func questions(_ subject: Subject, split: String) throws -> [Question] {
        let path = try file(subject, split: split)
        let (names, rows): ([String], [[JSONValue]])
        do {
            (names, rows) = try TableGrid.read(path: path) { cells in Self.letters.allSatisfy(cells.contains) }
        } catch { throw InferenceError("\(error)") }
        let header =
            names.isEmpty ? ["question"] + Self.letters + ["answer"] : names.map { $0.count > 1 ? $0.lowercased() : $0 }
        guard let question = header.firstIndex(of: "question"),
            names.isEmpty == false || rows.allSatisfy({ $0.count == 6 })
        else {
            throw InferenceError(
                "\(path) needs the columns question, A, B, C, D and answer (or exactly these six, without names)")
        }
        // What pandas calls missing is the text nan there.
        func text(_ value: JSONValue) -> String { value.isNull ? "nan" : value.pythonText }
        let columns = Self.letters.map { header.firstIndex(of: $0) }, answer = header.firstIndex(of: "answer")
        return rows.map { row in
            Question(
                question: text(row[question]), choices: columns.map { $0.map { text(row[$0]) } },
                answer: answer.map { text(row[$0]) } ?? "")
        }
    }

    private func file(_ subject: Subject, split: String) throws -> String {
        let short = ["test": "test", "validation": "val", "train": "dev"][split] ?? split
        let folders = [folder, "\(folder)/data", "\(folder)/\(name)"].map { "\($0)/\(short)" }
        let candidates = folders.flatMap { ["\($0)/\(subject.key)_\(short).csv", "\($0)/\(subject.key).csv"] }
        if let found = candidates.first(where: { FileManager.default.fileExists(atPath: $0) }) { return found }
        let zip = "\(folder)/\(name).zip"
        let remedy =
            FileManager.default.fileExists(atPath: zip)
            ? "unpack the archive first: unzip \(zip) -d \(folder)"
            : "expected \(candidates[0]) or \(candidates[1])"
        throw InferenceError("\(name) has no file of subject \(subject.key) for the split \(split); \(remedy)")
    }
}
