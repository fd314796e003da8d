import Foundation
import Synchronization
import Testing

@testable import Demo

@Suite("Writing the demo") struct DemoTaskTests {
    private let sizes = DemoSizes(numSeeing: 5, numRulesTrain: 4, numRulesTest: 6)

    /// Runs `body` with a folder that is gone afterwards.
    private func withFolder(_ body: (URL) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "anneal-demo-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder)
    }

    private func files(below folder: URL) throws -> [String: Data] {
        let names = try FileManager.default.subpathsOfDirectory(atPath: folder.path)
        var result: [String: Data] = [:]
        for name in names where name.contains(".") { result[name] = try Data(contentsOf: folder.appending(path: name)) }
        return result
    }

    @Test("Every file is there, and every picture a row names")
    func everyFile() throws {
        try withFolder { folder in
            let last = Mutex<DemoProgress?>(nil)
            let paths = try DemoTask.write(to: folder.path, seed: 1, sizes: sizes) { progress in
                last.withLock { $0 = progress }
            }
            #expect(last.withLock { $0 } == DemoProgress(numDrawn: 15, numTotal: 15))
            let written = try files(below: folder)
            let pictures = written.keys.filter { $0.hasPrefix("data/images/") }
            #expect(pictures.count == 15)
            #expect(
                Set(written.keys).subtracting(pictures) == [
                    "data/dataset_info.json", "data/see.json", "data/rules_train.json", "data/rules_test.json",
                    "model/config.json", "model/generation_config.json", "model/preprocessor_config.json",
                    "model/tokenizer.json", "model/tokenizer_config.json", "model/vocab.json", "model/merges.txt",
                    "see.yaml", "rules.yaml", "samples.png",
                ])
            for name in ["see", "rules_train", "rules_test"] {
                let file = try Data(contentsOf: paths.data.appending(path: "\(name).json"))
                let rows = try #require(try JSONSerialization.jsonObject(with: file) as? [[String: Any]])
                for row in rows {
                    let images = try #require(row["images"] as? [String])
                    #expect(images.allSatisfy { written["data/\($0)"] != nil })
                    let messages = try #require(row["messages"] as? [[String: String]])
                    #expect(messages.compactMap { $0["role"] }.prefix(2) == ["user", "assistant"])
                    let marks =
                        messages.compactMap { $0["content"] }.joined().components(separatedBy: "<image>").count - 1
                    #expect(marks == images.count)
                }
            }
        }
    }

    @Test("The same seed writes the same bytes with any number of threads, another seed others")
    func determinism() throws {
        try withFolder { folder in
            let one = try DemoTask.write(to: folder.path, seed: 7, sizes: sizes, numThreads: 1)
            let first = try files(below: one.folder)
            _ = try DemoTask.write(to: folder.path, seed: 7, sizes: sizes, numThreads: 3)
            #expect(try files(below: one.folder) == first)
            _ = try DemoTask.write(to: folder.path, seed: 8, sizes: sizes)
            #expect(try files(below: one.folder)["data/images/see_00000.png"] != first["data/images/see_00000.png"])
        }
    }

    @Test("More pictures of one set change no picture of another")
    func independentSets() throws {
        let small = DemoTask.sampleSets(seed: 2, sizes: sizes)
        let large = DemoTask.sampleSets(seed: 2, sizes: DemoSizes(numSeeing: 9, numRulesTrain: 4, numRulesTest: 6))
        #expect(small[0].samples.map(\.scene) == Array(large[0].samples.map(\.scene).prefix(5)))
        #expect(small[1].samples.map(\.turns) == large[1].samples.map(\.turns))
        #expect(small[2].samples.map(\.turns) == large[2].samples.map(\.turns))
    }

    @Test("Sizes that leave a set empty are refused before anything is written")
    func emptySet() throws {
        try withFolder { folder in
            let sizes = DemoSizes(numSeeing: 0, numRulesTrain: 4, numRulesTest: 6)
            let error = #expect(throws: DemoError.self) { try DemoTask.write(to: folder.path, sizes: sizes) }
            #expect(error?.message.contains("at least 2 pictures of each kind") == true)
            #expect(!FileManager.default.fileExists(atPath: folder.path))
        }
    }

    @Test("A folder that cannot be made is an error, not a crash")
    func unwritableFolder() {
        #expect(throws: (any Error).self) { try DemoTask.write(to: "/proc/anneal-demo", sizes: sizes) }
    }

    @Test("Folder names with quotes and backslashes stay intact in the YAML files")
    func oddFolderNames() {
        #expect(StageYAML.see(folder: #"a "b"\c"#).contains(#"model_name_or_path: "a \"b\"\\c/model""#))
    }
}
