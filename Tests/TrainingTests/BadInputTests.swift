import Foundation
import TestSupport
import Testing

/// What a user does wrong, through the executable: exit status 1, one message that names file, row, key and remedy, and
/// an output folder that is as it was.
struct BadInputTests {
    /// One mistake, made in a copy of the fixtures: `model` and `data` of the working directory.
    struct Mistake: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let model: String
        let overrides: [String]
        let words: [String]
        let prepare: @Sendable (TemporaryFolder) throws -> Void

        init(
            _ name: String, model: String = "qwen2", _ overrides: [String] = [], says words: String...,
            prepare: @escaping @Sendable (TemporaryFolder) throws -> Void = { _ in }
        ) {
            testDescription = name
            self.model = model
            self.overrides = overrides
            self.words = words
            self.prepare = prepare
        }
    }

    private static func replace(_ file: String, _ old: String, _ new: String)
        -> @Sendable (TemporaryFolder) throws -> Void
    {
        { folder in
            let text = try String(contentsOfFile: "\(folder.path)/\(file)", encoding: .utf8)
            let place = try #require(text.range(of: old), "\(file) has no \(old)")
            try folder.write(file, text.replacingCharacters(in: place, with: new))
        }
    }

    private static func remove(_ file: String) -> @Sendable (TemporaryFolder) throws -> Void {
        { try FileManager.default.removeItem(atPath: "\($0.path)/\(file)") }
    }

    private static func put(_ file: String, _ text: String) -> @Sendable (TemporaryFolder) throws -> Void {
        { try $0.write(file, text) }
    }

    private static func truncate(_ file: String, _ size: Int) -> @Sendable (TemporaryFolder) throws -> Void {
        { folder in
            let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(folder.path)/\(file)"))
            try bytes.prefix(size).write(to: URL(fileURLWithPath: "\(folder.path)/\(file)"))
        }
    }

    private static let vision = "qwen2.5-vl"
    private static let adapters = "\(Place.fixtures)/adapters"

    static let mistakes: [Mistake] = [
        // Data
        Mistake("a trailing comma", says: "data set 'text'", "data/text.json, line 188, row 25", "remove the comma") {
            folder in
            let text = try String(contentsOfFile: "\(folder.path)/data/text.json", encoding: .utf8)
            let end = try #require(text.lastIndex(of: "}"))
            try folder.write("data/text.json", text[...end] + ",\n]\n")
        },
        Mistake(
            "text instead of JSON", says: "data/text.json, line 1", "not a JSON value",
            prepare: put("data/text.json", "hello")),
        Mistake(
            "an empty data set", says: "data/text.json", "the list has no rows", prepare: put("data/text.json", "[]")),
        Mistake("a missing data file", says: "data/text.json", "does not exist", prepare: remove("data/text.json")),
        Mistake("an unknown data set", ["dataset=txt"], says: "undefined data set 'txt'", "did you mean 'text'?"),
        Mistake(
            "nothing but wrong roles", model: vision,
            says: "data set 'vision': no row can be used", "wrong role 'robot'", "'user', 'assistant'",
            "data/vision.json row 1"
        ) { folder in
            let text = try String(contentsOfFile: "\(folder.path)/data/vision.json", encoding: .utf8)
            try folder.write("data/vision.json", text.replacingOccurrences(of: "\"user\"", with: "\"robot\""))
        },
        Mistake(
            "a wrong column", says: "data/text.json", "no row has the column 'outptu'", "did you mean 'output'?",
            "dataset_info.json",
            prepare: replace("data/dataset_info.json", "\"output\"", "\"outptu\"")),
        Mistake(
            "a wrong name of a column", says: "dataset_info.json", "unknown key `respnse`: did you mean 'response'?",
            prepare: replace("data/dataset_info.json", "\"response\"", "\"respnse\"")),
        // Images
        Mistake(
            "a missing image", model: vision, says: "data/vision.json row 2: images/b.png", "the file does not exist",
            "`media_dir`",
            prepare: remove("data/images/b.png")),
        Mistake(
            "more marks than images", model: vision, says: "data/vision.json row 1", "2 <image> marks",
            "1 in the column 'images'",
            prepare: replace("data/vision.json", "<image>", "<image><image>")),
        Mistake(
            "a text file as image", model: vision, says: "data/vision.json, row 2", "b.png: a text file, not an image",
            "Check the path",
            prepare: put("data/images/b.png", "hello")),
        Mistake(
            "an image cut off in its header", model: vision, says: "data/vision.json, row 1",
            "a.jpg: the JPEG image is truncated",
            "download it again", prepare: truncate("data/images/a.jpg", 300)),
        Mistake(
            "images for a text model", ["dataset=vision"], says: "data/vision.json, row 1", "takes no image input",
            "template"),
        Mistake(
            "marks of images but no column", model: vision, says: "data/vision.json, row 1",
            "<image> mark but no image is given: name its file in a column `images`, or remove the mark",
            prepare: replace(
                "data/dataset_info.json", "\"messages\": \"messages\",\n   \"images\": \"images\"",
                "\"messages\": \"messages\"")),
        Mistake(
            "video for videos", model: vision, says: "data set 'vision', data/dataset_info.json",
            "unknown key `video`: did you mean 'videos'?",
            prepare: replace("data/dataset_info.json", "\"images\": \"images\"", "\"video\": \"images\"")),
        Mistake(
            "a cutoff within an image", model: vision, ["cutoff_len=8", "max_unlabeled_share=1"],
            says: "rows of `dataset` are dropped", "cutoff_len would cut through an image or video (raise it",
            "data/vision.json row 1"),
        Mistake(
            "a file that is not there", ["dataset=pets.jsonl"], says: "pets.jsonl: there is no such file or folder",
            "`dataset_dir` (data)", "correct the path"),
        Mistake(
            "links in circles", ["dataset=round.jsonl"], says: "round.jsonl: the link leads to no file, or in circles"
        ) { folder in
            try FileManager.default.createSymbolicLink(
                atPath: "\(folder.path)/round.jsonl", withDestinationPath: "round.jsonl")
        },
        Mistake(
            "a folder within a folder of data", ["dataset=more"],
            says: "more/inner: folders within a data set's folder",
            "move the files up"
        ) { folder in
            try FileManager.default.createDirectory(
                atPath: "\(folder.path)/more/inner", withIntermediateDirectories: true)
        },
        Mistake(
            "a Label Studio export", ["dataset=export.json"], says: "export.json: this is an export of Label Studio",
            "anneal data convert export.json --output labels.jsonl",
            prepare: put("export.json", "[{\"id\": 1, \"data\": {\"text\": \"a\"}, \"annotations\": []}]")),
        // Weights
        Mistake(
            "truncated weights", says: "model/model.safetensors: is truncated", "download it again",
            prepare: truncate("model/model.safetensors", 50_000)),
        Mistake(
            "an LFS pointer", says: "model/model.safetensors: is a Git LFS pointer", "git lfs pull",
            prepare: put(
                "model/model.safetensors", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n")),
        Mistake("a header larger than the file", says: "claims a header of", "download it again") { folder in
            let file = URL(fileURLWithPath: "\(folder.path)/model/model.safetensors")
            var bytes = try Data(contentsOf: file)
            bytes[4] = 0xE8
            try bytes.write(to: file)
        },
        Mistake("a missing shard", says: "names shards that are missing: two.safetensors", "download them into") {
            folder in
            try FileManager.default.moveItem(
                atPath: "\(folder.path)/model/model.safetensors", toPath: "\(folder.path)/model/one.safetensors")
            try folder.write(
                "model/model.safetensors.index.json",
                "{\"weight_map\": {\"a\": \"one.safetensors\", \"b\": \"two.safetensors\"}}")
        },
        Mistake(
            "no weights", says: "holds no model.safetensors", "check the path",
            prepare: remove("model/model.safetensors")),
        Mistake("only a pickle", says: "pytorch_model.bin, a pickle, which is never read; convert it") { folder in
            try FileManager.default.moveItem(
                atPath: "\(folder.path)/model/model.safetensors", toPath: "\(folder.path)/model/pytorch_model.bin")
        },
        Mistake(
            "weights of another size",
            says: "tensor model.embed_tokens.weight has shape [432, 32], config.json means [500, 32]",
            prepare: replace("model/config.json", "\"vocab_size\": 432", "\"vocab_size\": 500")),
        Mistake(
            "a tokenizer that does not match",
            says: "the tokenizer has ids up to 421, the model's vocabulary only 300 rows",
            "do not belong together",
            prepare: replace("model/config.json", "\"vocab_size\": 432", "\"vocab_size\": 300")),
        Mistake("no tokenizer", says: "model/tokenizer.json does not exist", prepare: remove("model/tokenizer.json")),
        Mistake("no model", ["model_name_or_path=nowhere"], says: "nowhere: has no config.json", "download the model"),
        Mistake(
            "another architecture", says: "model/config.json: model_type \"gpt2\" is not supported; supported: qwen2",
            prepare: replace("model/config.json", "\"model_type\": \"qwen2\"", "\"model_type\": \"gpt2\"")),
        // Adapters
        Mistake(
            "an adapter of another base", ["adapter_name_or_path=\(adapters)/llama3"],
            says: "has shape [64, 2], this model needs [32, 2]",
            "made for another base", "llama3"),
        Mistake(
            "an adapter of a vision model", ["adapter_name_or_path=\(adapters)/qwen2.5-vl"],
            says: "match no layer of this model",
            "made for another base"),
        Mistake(
            "no adapter", ["adapter_name_or_path=nowhere"], says: "nowhere: has no adapter_config.json",
            "PEFT adapter folder"),
        Mistake(
            "a target that is no layer", ["lora_target=q_porj"], says: "lora_target: q_porj is no linear layer",
            "q_proj"),
        // Settings and output
        Mistake(
            "an unknown setting", ["learning_rat=1e-4"],
            says: "Unknown setting `learning_rat`: did you mean `learning_rate`?"),
        Mistake(
            "a word for a number", ["learning_rate=fast"], says: "`learning_rate: fast` does not fit: expected a number"
        ),
        Mistake("an unknown template", ["template=qwn"], says: "template: qwn does not exist: did you mean 'qwen'?"),
        Mistake(
            "an output folder that is not empty",
            says: "output_dir output already exists and is not empty (it holds mine.txt)",
            "overwrite_output_dir: true"
        ) { folder in
            try FileManager.default.createDirectory(atPath: "\(folder.path)/output", withIntermediateDirectories: true)
            try folder.write("output/mine.txt", "mine")
        },
        Mistake("an output folder that is a file", says: "output_dir output is a file", prepare: put("output", "mine")),
        Mistake(
            "an output folder nobody can make", ["output_dir=/proc/none"],
            says: "output_dir /proc/none cannot be created"),
        Mistake("resuming from nothing", ["resume_from_checkpoint=nowhere"], says: "nowhere: there is no such folder"),
        Mistake(
            "resuming in an empty folder", ["resume_from_checkpoint=true"],
            says: "output has no checkpoint to resume from"),
    ]

    @Test func `all mistakes of the list are made`() { #expect(Self.mistakes.count == 43) }

    @Test(arguments: mistakes)
    func `a mistake gets a clear message and leaves nothing behind`(_ mistake: Mistake) throws {
        let folder = try TemporaryFolder()
        _ = try folder.copy("\(Place.models)/\(mistake.model)", as: "model")
        _ = try folder.copy("\(Place.fixtures)/data", as: "data")
        try mistake.prepare(folder)
        let before = Self.listing("\(folder.path)/output")
        let result = try Program.train(
            RunSettings.lora(model: mistake.model, output: "output")
                + ["model_name_or_path=model", "dataset_dir=data", "media_dir=data"] + mistake.overrides,
            in: folder.path)
        #expect(result.status == 1, "\(result.errors)")
        #expect(result.errors.hasPrefix("Error: "), "\(result.errors)")
        for word in mistake.words { #expect(result.errors.contains(word), "\(result.errors)") }
        #expect(!result.errors.contains("NSCocoaErrorDomain") && !result.errors.contains("Fatal error"))
        #expect(Self.listing("\(folder.path)/output") == before)
    }

    /// Names in a folder; nil when there is none.
    private static func listing(_ path: String) -> [String]? {
        try? FileManager.default.contentsOfDirectory(atPath: path).sorted()
    }

    @Test func `one wrong role among good rows stops the run with its place`() throws {
        let folder = try TemporaryFolder()
        _ = try folder.copy("\(Place.fixtures)/data", as: "data")
        try Self.replace("data/vision.json", "\"user\"", "\"robot\"")(folder)
        let result = try Program.train(
            RunSettings.lora(model: Self.vision, output: "output") + ["dataset_dir=data", "media_dir=data"],
            in: folder.path)
        #expect(result.status == 1)
        #expect(result.errors.contains("wrong role 'robot'") && result.errors.contains("data/vision.json row 1"))
        #expect(Self.listing("\(folder.path)/output") == nil)
    }

    @Test func `an image that breaks off in its pixels stops the run with its name`() throws {
        let folder = try TemporaryFolder()
        _ = try folder.copy("\(Place.fixtures)/data", as: "data")
        try Self.truncate("data/images/a.jpg", 1300)(folder)
        let result = try Program.train(
            RunSettings.lora(model: Self.vision, output: "output") + ["dataset_dir=data", "media_dir=data"],
            in: folder.path)
        #expect(result.status == 1)
        for word in ["data/vision.json, row ", "a.jpg", "truncated", "download it again"] {
            #expect(result.errors.contains(word), "\(result.errors)")
        }
    }

    /// USERS.md 1.3: what upstream does silently is told in a sentence that names rows, key and remedy; the run goes on.
    @Test(arguments: [
        (
            ["cutoff_len=40"],
            [
                "[warning] in ",
                "rows of `dataset` cutoff_len cuts through the template, the end of the prompt is lost",
                "data/text.json row ", "raise cutoff_len, or shorten or remove these rows",
            ]
        ), (["cutoff_len=40", "max_truncated_share=0"], ["Raise cutoff_len, or set max_truncated_share: "]),
    ])
    func `rows that cutoff_len cuts are named`(_ overrides: [String], _ words: [String]) throws {
        let folder = try TemporaryFolder()
        _ = try folder.copy("\(Place.fixtures)/data", as: "data")
        let result = try Program.train(
            RunSettings.lora(model: "qwen2", output: "output") + ["dataset_dir=data", "max_steps=1"] + overrides,
            in: folder.path)
        for word in words { #expect(result.errors.contains(word), "\(result.errors)") }
    }

    /// What `anneal data check` prints for a copy of the fixtures' data.
    private func check(_ overrides: [String], prepare: (TemporaryFolder) throws -> Void = { _ in }) throws -> Program {
        let folder = try TemporaryFolder()
        _ = try folder.copy("\(Place.fixtures)/data", as: "data")
        try prepare(folder)
        return try Program.run(
            ["data", "check"] + RunSettings.lora(model: "qwen2", output: "output") + ["dataset_dir=data"] + overrides,
            in: folder.path)
    }

    @Test func `the check names rows that are cut through the template`() throws {
        let result = try check(["cutoff_len=40"])
        let text = result.output.replacingOccurrences(of: "\n    ", with: " ")
        #expect(
            text.contains(
                "cutoff_len cuts through the template, the end of the prompt is lost and the answer begins within the question: "
            ), "\(result.output)")
        #expect(text.contains("raise cutoff_len, or shorten or remove these rows"))
        #expect(result.output.split(separator: "\n").allSatisfy { $0.count <= 80 })
    }

    @Test func `cutoff_len of stage pt is said to cut blocks, and to cut texts with packing off`() throws {
        func texts(_ folder: TemporaryFolder) throws {
            let rows = (1...9).map { "{\"text\": \"\(String(repeating: "word ", count: $0 * 7))\"}" }
            try folder.write("data/texts.jsonl", rows.joined(separator: "\n"))
        }
        let pt = ["stage=pt", "dataset=texts.jsonl", "cutoff_len=32"]
        let blocks = try check(pt, prepare: texts)
        let told = blocks.output.replacingOccurrences(of: "\n    ", with: " ")
        #expect(
            told.contains("0 truncated") && told.contains("blocks of 32 tokens;"), "\(blocks.output)\(blocks.errors)")
        #expect(told.contains("packing: false makes a sample of each text, cut to cutoff_len"))
        let single = try check(pt + ["packing=false"], prepare: texts)
        #expect(single.output.contains("truncated to cutoff_len: "), "\(single.output)\(single.errors)")
        #expect(!single.output.contains("blocks of"))
    }
}
