import Foundation
import JSON
import Prompting
import Testing

@testable import Datasets

/// Predictions to preference data.
struct PreferenceMakerTests {
    private let first = [
        Prediction(prompt: "q1", predict: "a", label: "a"), Prediction(prompt: "q2", predict: "x", label: "b"),
        Prediction(prompt: "q3", predict: " ", label: "c"),
    ]
    private let second = [
        Prediction(prompt: "q1", predict: "z", label: "a"), Prediction(prompt: "q2", predict: "x\n", label: "b"),
        Prediction(prompt: "q3", predict: "y", label: "c"),
    ]

    private func texts(_ kind: PreferenceMaker.Kind) throws -> ([String], PreferenceMaker.Report) {
        let result = try PreferenceMaker(kind: kind).samples([("a", first), ("b", second)])
        return (result.samples.map { $0.text() }, result.report)
    }

    @Test func `wrong answers become the rejected ones`() throws {
        let (samples, report) = try texts(.pairs)
        #expect(
            samples == [
                #"{"instruction": "q1", "chosen": "a", "rejected": "z"}"#,
                #"{"instruction": "q2", "chosen": "b", "rejected": "x"}"#,
                #"{"instruction": "q3", "chosen": "c", "rejected": "y"}"#,
            ])
        #expect(
            report.description
                == "3 rows: 1 right answers, 3 wrong, 1 empty ones left out; 3 samples made, 0 rows gave none")
    }

    @Test func `the chosen answer is the data set's, or the label without the template's blanks`() throws {
        let predictions = [Prediction(prompt: "q", predict: "no", label: "ye\n")]
        let row = DataRow(
            conversation: Conversation(messages: [Message(.user, "q"), Message(.assistant, "yes, so it is")]),
            origin: RowOrigin(dataset: "d", file: "f", row: 1))
        let known = try PreferenceMaker(kind: .pairs, rows: [row]).samples([("a", predictions)]).samples
        #expect(known[0]["chosen"]?["content"]?.stringValue == "yes, so it is")
        let printed = try PreferenceMaker(kind: .pairs).samples([("a", predictions)]).samples
        #expect(printed[0]["chosen"]?.stringValue == "ye")
    }

    @Test func `best of n, verdicts and accepted answers`() throws {
        #expect(try texts(.ownPairs).0 == [#"{"instruction": "q1", "chosen": "a", "rejected": "z"}"#])
        #expect(
            try texts(.verdicts).0 == [
                #"{"instruction": "q1", "output": "a", "label": true}"#,
                #"{"instruction": "q1", "output": "z", "label": false}"#,
                #"{"instruction": "q2", "output": "x", "label": false}"#,
                #"{"instruction": "q3", "output": "y", "label": false}"#,
            ])
        #expect(try texts(.accepted).0 == [#"{"instruction": "q1", "output": "a"}"#])
    }

    @Test(arguments: [(PreferenceMaker.Kind.pairs, DataPurpose.pairs), (.verdicts, .verdicts), (.accepted, .answers)])
    func `what is made is read again with its entry`(_ kind: PreferenceMaker.Kind, _ purpose: DataPurpose) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("anneal-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let rows = first.map { item in
            DataRow(
                conversation: Conversation(
                    system: "s", messages: [Message(.user, item.prompt), Message(.assistant, item.label)]),
                origin: RowOrigin(dataset: "d", file: "f", row: 1))
        }
        for source in [nil, rows] {
            let maker = PreferenceMaker(kind: kind, rows: source)
            let samples = try maker.samples([("a", first), ("b", second)]).samples
            let text = JSONValue.array(samples).text()
            try Data(text.utf8).write(to: folder.appendingPathComponent("made.json"))
            let info = JSONValue.object([JSONMember("made", maker.entry(fileName: "made.json"))]).text()
            try Data(info.utf8).write(to: folder.appendingPathComponent("dataset_info.json"))
            let loaded = try DatasetCatalog(folder: folder.path, purpose: purpose).load("made")
            #expect(loaded.keptRows.count == samples.count)
            #expect(loaded.keptRows.first?.conversation.system == (source == nil ? nil : "s"))
            #expect(loaded.keptRows.allSatisfy { ($0.preference != nil) == (purpose != .answers) })
        }
    }

    @Test func `predictions of other rows are refused, shortened labels are not`() throws {
        func rows(_ answers: [String]) -> [DataRow] {
            answers.map { answer in
                DataRow(
                    conversation: Conversation(messages: [Message(.user, "q"), Message(.assistant, answer)]),
                    origin: RowOrigin(dataset: "d", file: "f", row: 1))
            }
        }
        let (made, _) = try PreferenceMaker(kind: .pairs, rows: rows(["a, and more", "b", "c"])).samples([("a", first)])
        #expect(made.count == 1)
        #expect { try PreferenceMaker(kind: .pairs, rows: rows(["b", "c", "a"])).samples([("a", first)]) } throws: {
            "\($0)".contains("3 of 3 labels are not the answers of the data set")
        }
    }

    @Test func `files that do not belong together are refused`() {
        #expect { try PreferenceMaker(kind: .pairs).samples([("a", first), ("b", Array(second.prefix(2)))]) } throws: {
            "\($0)".contains("holds 2 predictions, but a has 3 rows")
        }
        #expect { try PreferenceMaker(kind: .pairs).samples([("a", first), ("b", second.reversed())]) } throws: {
            "\($0)".contains("the row is not that of a")
        }
    }
}
