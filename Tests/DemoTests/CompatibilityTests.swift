import Foundation
import Prompting
import RunConfig
import Testing

@testable import Demo

/// The files are made for the rest of the product and for Hugging Face's and LLaMA-Factory's readers.
@Suite("The demo's files in other readers") struct CompatibilityTests {
    private struct Case: Decodable {
        let text: String
        let ids: [Int32]
    }

    /// Runs `body` with a small demo, which is gone afterwards.
    private func withDemo(_ body: (DemoPaths) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "anneal-demo-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let sizes = DemoSizes(numSeeing: 2, numRulesTrain: 2, numRulesTest: 2)
        try body(try DemoTask.write(to: folder.path, sizes: sizes))
    }

    @Test("The product's tokenizer reads tokenizer.json and gives transformers' ids")
    func tokenizerIDs() throws {
        let url = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/tokenizer_ids.json")
        let cases = try JSONDecoder().decode([Case].self, from: Data(contentsOf: url))
        #expect(cases.count > 30)
        try withDemo { paths in
            let tokenizer = try Tokenizer(folder: paths.model.path)
            #expect(cases.filter { tokenizer.encode($0.text) != $0.ids }.map(\.text) == [])
            #expect(cases.filter { tokenizer.decode($0.ids) != $0.text }.map(\.text) == [])
            #expect(tokenizer.token(for: try #require(tokenizer.eosID)) == "<|im_end|>")
            #expect(tokenizer.token(for: try #require(tokenizer.padID)) == "<|endoftext|>")
        }
    }

    @Test("The product's configuration reader accepts both YAML files")
    func yaml() throws {
        try withDemo { paths in
            let see = try RunConfig.load(file: paths.seeYAML.path)
            let rules = try RunConfig.load(file: paths.rulesYAML.path)
            #expect(see.model.modelNameOrPath == paths.model.path)
            #expect(see.training.outputDir == paths.seeOutput.path)
            #expect(rules.model.modelNameOrPath == paths.seeOutput.path)
            #expect(rules.training.outputDir == paths.rulesOutput.path)
        }
    }
}
