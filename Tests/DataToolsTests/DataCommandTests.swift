import Foundation
import JSON
import TestSupport
import Testing

/// The commands of `anneal data`, run as users run them.
struct DataCommandTests {
    private static func rows(_ count: Int, _ answer: (Int) -> String) -> String {
        let rows = (1...count).map { #"{"instruction": "question \#($0)", "output": "\#(answer($0))"}"# }
        return rows.joined(separator: "\n")
    }

    private static let picture = "\(Program.tests)/TrainingTests/Fixtures/data/images/a.jpg"

    @Test func `check tells what is lost, train refuses with the same words and the key, and starts when it is set`()
        throws
    {
        let folder = try TemporaryFolder([
            "d.jsonl": Self.rows(10) { $0 == 4 ? "" : "a <|im_end|> \($0)" }
                + String(repeating: "\n{\"instruction\": \"q\", \"output\": null}", count: 3)
        ])
        let arguments = Program.run(model: "qwen2", dataset: "d.jsonl")
        let check = try Program.run(["data", "check"] + arguments + ["--html", "page.html"], in: folder)
        #expect(check.status == 1, "\(check.errors)")
        for words in [
            "13 rows read", "empty answers: 1 row (4)", "control tokens typed in the text",
            "training refuses to start:",
        ] {
            #expect(check.output.contains(words), "\(check.output)")
        }
        #expect(try folder.text("page.html").contains("<mark>"))
        let refused = try Program.run(["train"] + arguments, in: folder)
        #expect(refused.status == 1)
        for words in ["23.1 % of the rows of `dataset` are dropped (3 of 13", "row 11", "set max_dropped_share: 0.231"]
        {
            #expect(check.output.contains(words) && refused.errors.contains(words), "\(refused.errors)")
        }
        #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/out"))
        let started = try Program.run(["train"] + arguments + ["max_dropped_share=0.231"], in: folder)
        #expect(started.status == 0, "\(started.errors)")
        let shown = try Program.run(["data", "preview"] + arguments + ["--row", "4", "--ids"], in: folder)
        #expect(shown.status == 0 && shown.output.contains("row 4:") && shown.output.contains("token ids:"), "\(shown)")
        #expect(shown.output.contains("[["), "\(shown.output)")
    }

    @Test(arguments: [
        ("video", #"unknown key `video`: did you mean 'videos'?"#),
        ("image", #"unknown key `image`: did you mean 'images'?"#),
    ])
    func `a wrong key in columns is named with the right one`(_ key: String, _ words: String) throws {
        let row =
            #"{"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}], "m": ["x"]}"#
        let entry =
            #"{"d": {"file_name": "d.jsonl", "formatting": "sharegpt", "columns": {"messages": "messages", "\#(key)": "m"}}}"#
        let folder = try TemporaryFolder(["d.jsonl": row, "dataset_info.json": entry])
        let check = try Program.run(["data", "check"] + Program.run(model: "qwen2", dataset: "d"), in: folder)
        #expect(check.status == 1)
        let text = (check.output + check.errors).split(whereSeparator: \.isWhitespace).joined(separator: " ")
        #expect(text.contains(words), "\(text)")
    }

    @Test func `an image as a text is one image, and a missing mark is told with both numbers`() throws {
        func row(_ text: String) -> String {
            #"{"messages": [{"role": "user", "content": "\#(text)"}, {"role": "assistant", "content": "a"}], "image": "\#(Self.picture)"}"#
        }
        let folder = try TemporaryFolder(["one.jsonl": row("<image>q"), "none.jsonl": row("q")])
        let good = try Program.run(
            ["data", "check"] + Program.run(model: "qwen2.5-vl", dataset: "one.jsonl"), in: folder)
        #expect(good.status == 0 && good.output.contains("1 row read, 1 kept"), "\(good)")
        let bad = try Program.run(
            ["data", "check"] + Program.run(model: "qwen2.5-vl", dataset: "none.jsonl"), in: folder)
        let text = bad.output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        #expect(bad.status == 1)
        #expect(text.contains("the row has 0 <image> marks in its text, but 1 in the column 'image'"), "\(text)")
    }

    @Test func `data are shown and checked without do_train, and for prediction`() throws {
        let model = "model_name_or_path: \(Program.tests)/ModelsTests/Fixtures/qwen2\ntemplate: qwen\ndataset_dir: .\n"
        let folder = try TemporaryFolder([
            "d.jsonl": Self.rows(3) { "answer \($0)" }, "plain.yaml": model + "dataset: d.jsonl\n",
            "predict.yaml": model
                + "eval_dataset: d.jsonl\nstage: sft\ndo_predict: true\npredict_with_generate: true\n",
            "none.yaml": model,
        ])
        for file in ["plain.yaml", "predict.yaml"] {
            let check = try Program.run(["data", "check", file], in: folder)
            #expect(check.status == 0 && check.output.contains("3 rows read, 0 lost"), "\(check)")
            let shown = try Program.run(["data", "preview", file], in: folder)
            #expect(shown.status == 0 && shown.output.contains("[[answer 1"), "\(shown)")
        }
        let none = try Program.run(["data", "check", "none.yaml"], in: folder)
        #expect(none.status == 1 && none.errors.contains("Please name the data sets to look at"), "\(none)")
    }

    @Test func `the tools write what they say`() throws {
        let folder = try TemporaryFolder(["d.jsonl": Self.rows(10) { "{{name}} \($0)" }])
        for (arguments, words) in [
            (
                ["identity", "d.jsonl", "--name", "Anna", "--author", "us", "--output", "i.json", "--register"],
                "10 rows written to i.json"
            ),
            (["split", "d.jsonl", "--eval", "3"], "d-eval.jsonl"),
            (["sample", "d.jsonl", "--size", "0.5", "--output", "s.csv"], "5 rows"),
            (["merge", "d.jsonl", "i.json", "--output", "m.jsonl"], "20 rows written"),
            (
                ["convert", "d.jsonl", "--to", "openai", "--output", "o.json", "--register"],
                "10 rows written to o.json"
            ),
            (["images", Self.picture, "small", "--scale", "0.5", "--format", "webp"], "1 images written to small"),
        ] {
            let made = try Program.run(["data"] + arguments, in: folder)
            #expect(made.status == 0 && made.output.contains(words), "\(arguments): \(made)")
        }
        #expect(try folder.records("d-train.jsonl").count == 7)
        #expect(try JSONValue(parsing: folder.text("dataset_info.json"))["o"]?["formatting"] == "openai")
        #expect(FileManager.default.fileExists(atPath: "\(folder.path)/small/a.webp"))
    }
}
