import Foundation
import Prompting
import Testing

@testable import Datasets

@Suite struct PreviewTests {
    private static let tokenizer: Tokenizer? = {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path
        return try? Tokenizer(folder: "\(tests)/ModelsTests/Fixtures/qwen2.5-vl")
    }()

    private static func preview() throws -> SamplePreview {
        let tokenizer = try #require(tokenizer)
        let pad = try #require(tokenizer.id(of: "<|image_pad|>"))
        let question = tokenizer.encode("<|vision_start|>"), answer = tokenizer.encode("a\u{1B}[31m<b>\n")
        let ids = question + [pad, pad, pad] + tokenizer.encode("?\n") + answer
        let labels = [Int32](repeating: EncodedExample.ignored, count: ids.count - answer.count) + answer
        return SamplePreview(
            origin: RowOrigin(dataset: "pets", file: "pets.json", row: 7), inputIDs: ids, labels: labels,
            tokenizer: tokenizer, mediaIDs: [pad])
    }

    @Test func `trained tokens stand in brackets or in colour, image tokens are counted, control characters are named`()
        throws
    {
        let preview = try Self.preview()
        let title =
            "data set 'pets', pets.json, row 7: \(preview.numTokens) tokens, \(preview.numTrained) trained, 3 for 1 image or video\n"
        #expect(
            preview.text(hasColor: false)
                == title + "<|vision_start|><|image_pad|>x3?\n[[a\\u{1b}[31m<b>\n]]\n")
        #expect(
            preview.text(hasColor: true)
                == title + "<|vision_start|><|image_pad|>x3?\n\u{1B}[1;32ma\\u{1b}[31m<b>\n\u{1B}[0m\n")
        #expect(preview.numTrained > 0 && preview.numTrained < preview.numTokens)
    }

    @Test func `token ids are shown when asked for, a run of image tokens as one`() throws {
        let preview = try Self.preview()
        let lines = preview.text(hasColor: false, showsIDs: true).split(separator: "\n")
        let ids = preview.segments.map(\.tokenIDs)
        let learned = try #require(ids.last).map(String.init).joined(separator: " ")
        #expect(lines.dropLast().last == "token ids:")
        #expect(lines.last?.hasSuffix("[[\(learned)]]") == true)
        #expect(lines.last?.contains(" \(ids[1][0])x3 ") == true)
        #expect(preview.segments.count == 4)
    }

    @Test func `the answers of a pair stand under their names`() throws {
        let tokenizer = try #require(Self.tokenizer)
        let prompt = tokenizer.encode("Which?"), good = tokenizer.encode("this"), bad = tokenizer.encode("that\n")
        let preview = SamplePreview(
            origin: RowOrigin(dataset: "d", file: "d.json", row: 1), inputIDs: prompt + good + bad,
            labels: [Int32](repeating: EncodedExample.ignored, count: prompt.count) + good + bad, tokenizer: tokenizer,
            headings: [prompt.count: "chosen", prompt.count + good.count: "rejected"])
        #expect(
            preview.text(hasColor: false)
                == "\(preview.title)\nWhich?\n--- chosen\n[[this]]\n--- rejected\n[[that\n]]\n")
        #expect(preview.html.contains("Which?\n<b>chosen</b>\n<mark>this</mark>\n<b>rejected</b>\n<mark>that"))
    }

    @Test func `the page escapes the text and marks what is trained`() throws {
        let preview = try Self.preview()
        let page = HTMLPage(title: "Data preview", sections: [preview.html]).html
        #expect(
            page.contains(
                "&lt;|vision_start|&gt;<i>&lt;|image_pad|&gt;x3</i>?\n<mark>a\\u{1b}[31m&lt;b&gt;\n</mark></pre>"))
        #expect(!page.contains("http"))
    }
}
