import Foundation
import JSON
import Media
import Prompting
import TestSupport
import Testing

@testable import Datasets

@Suite struct ConversionTests {
    private let golden: Golden

    init() throws { golden = try Golden.load() }

    @Test func `rows equal LLaMA-Factory's converters, and the same rows are dropped`() throws {
        let catalog = try DatasetCatalog(folder: Golden.dataFolder)
        // The data sets that draw at random share one generator, in this order.
        var random = NumPyLegacyRandom(seed: 42)
        let names = [
            "alpaca", "alpaca_columns", "sharegpt", "roles", "pictures", "folder", "sampled", "sampled_again", "openai",
        ]
        #expect(Set(names) == Set(golden.conversions.keys))
        for name in names {
            let dataset = try catalog.load(name, maxSamples: name == "sampled" ? 4 : nil, random: &random)
            let rows = dataset.rows.map { row in row.kept.map { Golden.Row($0, relativeTo: Golden.dataFolder) } }
            #expect(rows == golden.conversions[name], "\(name)")
        }
    }

    @Test func `dropped rows are counted by reason, with row and remedy`() throws {
        let report = try DatasetCatalog(folder: Golden.dataFolder).load("sharegpt").report
        let file = Golden.dataFolder + "/sharegpt.json"
        #expect(
            report.description == """
                8 rows read, 3 kept, 0 truncated, 5 dropped
                  dropped 2: the messages do not take turns: questions (user, tool result) and answers (assistant, tool call) \
                must alternate, a question first (\(file) row 4, 8)
                  dropped 1: the last message is a question: an answer must follow it (\(file) row 5)
                  dropped 1: wrong role 'bot': it should be one of 'human', 'gpt', 'observation', 'function_call', 'system'; \
                correct it or name it in `tags` (\(file) row 6)
                  dropped 1: the row has no messages: fill the column 'conversations' (\(file) row 7)
                """)
    }

    @Test func `the demo data of LLaMA-Factory convert to the same rows`() throws {
        guard let folder = Golden.demoFolder() else { return }
        let catalog = try DatasetCatalog(folder: folder)
        #expect(golden.demo.count == 9)
        for (name, expected) in golden.demo {
            let dataset = try catalog.load(name)
            let rows = dataset.rows.map { $0.kept.map { Golden.Row($0, relativeTo: folder) } }
            #expect(rows.count == expected.rows, "\(name)")
            #expect(rows.count { $0 == nil } == expected.dropped, "\(name)")
            let text = rows.map { $0?.json.text() ?? "null" }.joined(separator: "\n")
            #expect(Golden.checksum(text) == expected.checksum, "\(name)")
        }
    }

    @Test func `whole runs on the demo data train and evaluate on the same rows in the same order`() throws {
        guard let folder = Golden.demoFolder() else { return }
        let catalog = try DatasetCatalog(folder: folder)
        #expect(golden.runs.count == 3)
        func checksum(_ rows: [DataRow]) -> String {
            Golden.checksum(rows.map { Golden.Row($0, relativeTo: folder).json.text() }.joined(separator: "\n"))
        }
        for run in golden.runs {
            var request = DataModule.Request(datasets: run.names)
            request.splitSize = run.valSize
            request.maxSamples = run.maxSamples
            switch run.mixStrategy {
            case "interleave_over": request.mixture = .interleavedOver(probabilities: run.interleaveProbs)
            case "interleave_under": request.mixture = .interleavedUnder(probabilities: run.interleaveProbs)
            default: break
            }
            let data = try DataModule(request, from: catalog)
            #expect(data.train.count == run.numTrain)
            #expect(data.evaluations.map(\.rows.count) == [run.numEvaluation])
            #expect(checksum(Array(data.train)) == run.train)
            #expect(data.evaluations.map { checksum(Array($0.rows)) } == [run.evaluation])
        }
    }

    @Test func `a folder of pictures is a video, its frames in the order of their numbers`() throws {
        let folder = try TemporaryFolder([
            "clip/frame10.png": "x", "clip/frame2.png": "x", "clip/note.txt": "x", "empty/note.txt": "x",
            "a.jsonl": #"{"query": "<video>?", "response": "b", "videos": ["clip"]}"#,
            "b.jsonl": #"{"query": "<video>?", "response": "b", "videos": "empty"}"#,
            "c.jsonl": #"{"query": "<image>?", "response": "b", "images": "clip"}"#,
            "d.jsonl": #"{"query": "<video>?", "response": "b", "videos": [["clip/frame2.png", "clip/frame10.png"]]}"#,
        ])
        let catalog = try DatasetCatalog(folder: folder.path)
        let frames = ["frame2.png", "frame10.png"].map { "\(folder.path)/clip/\($0)" }
        #expect(try catalog.load("a.jsonl").keptRows.first?.conversation.videos == [.frames(paths: frames)])
        #expect(try catalog.load("d.jsonl").keptRows.first?.conversation.videos == [.frames(paths: frames)])
        #expect(
            folder.error("b.jsonl").contains(
                "the folder has no pictures to be the frames of a video: name another one (@/b.jsonl row 1: @/empty)"))
        #expect(folder.error("c.jsonl").contains("column 'images': the file does not exist in `media_dir`"))
    }
}
