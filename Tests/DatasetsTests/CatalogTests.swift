import Foundation
import Media
import Prompting
import TestSupport
import Testing

@testable import Datasets

extension TemporaryFolder {
    /// The message of the error that loading a data set throws, with this folder as "@".
    func error(_ name: String, mediaFolder: String? = nil) -> String {
        do {
            _ = try DatasetCatalog(folder: path, mediaFolder: mediaFolder).load(name)
            return "no error"
        } catch { return error.description.replacing(path, with: "@") }
    }
}

@Suite struct CatalogTests {
    private static let row = #"[{"instruction": "i", "input": "", "output": "o"}]"#

    @Test func `an entry's mistakes are named with what to write`() throws {
        let entries: [(entry: String, message: String)] = [
            (#"{"file_nam": "a.json"}"#, "unknown key `file_nam`: did you mean 'file_name'?"),
            (#"{}"#, "`file_name` is missing: name the data set's file or folder"),
            (#"{"file_name": 3}"#, "`file_name` should be text, it is a number"),
            (
                #"{"file_name": "a.json", "formatting": "sharegtp"}"#,
                "`formatting` is 'sharegtp': write `alpaca`, `sharegpt` or `openai`"
            ),
            (
                #"{"file_name": "a.json", "ranking": true}"#,
                "`ranking` data need `chosen` and `rejected` in `columns`: name the columns of the two answers"
            ),
            (
                #"{"script_url": "x/y"}"#,
                "`script_url` names a place that data are not read from: use `file_name`, `hf_hub_url` or `ms_hub_url`"
            ),
            (#"{"file_name": "a.json", "num_samples": -1}"#, "`num_samples` should be a whole number above 0"),
            (
                #"{"file_name": "a.json", "columns": {"promt": "i"}}"#,
                "`columns`: unknown key `promt`: did you mean 'prompt'?"
            ),
            (
                #"{"file_name": "a.json", "columns": {"prompt": "instruction"}}"#,
                "`columns` does not list `response`: without it there is nothing to learn in the stage sft"
            ),
            (
                #"{"file_name": "a.json", "formatting": "sharegpt", "columns": {"images": "images"}}"#,
                "`columns` does not list `messages`: columns that are not listed do not exist"
            ),
            (
                #"{"file_name": "a.json", "formatting": "sharegpt", "tags": {"role_tag": "role", "content_tag": "content"}}"#,
                "`tags` does not list `user_tag`: tags that are not listed do not exist"
            ),
        ]
        for (entry, message) in entries {
            let folder = try TemporaryFolder(["dataset_info.json": "{\"d\": \(entry)}", "a.json": Self.row])
            #expect(folder.error("d") == "data set 'd', @/dataset_info.json: " + message)
        }
    }

    @Test func `a wrong column is named with the nearest and all available ones`() throws {
        let folder = try TemporaryFolder([
            "dataset_info.json":
                #"{"d": {"file_name": "a.json", "columns": {"prompt": "instuction", "response": "output"}}}"#,
            "a.json": Self.row,
        ])
        #expect(
            folder.error("d") == """
                data set 'd', @/a.json: no row has the column 'instuction', which `prompt` of the entry names: did you mean \
                'instruction'? the rows have 'input', 'instruction', 'output'; correct `columns` in dataset_info.json
                """)
    }

    @Test func `a name that is not there is named with the nearest`() throws {
        let folder = try TemporaryFolder(["dataset_info.json": #"{"pets": {"file_name": "a.json"}}"#])
        #expect(
            folder.error("pest")
                == "data set 'pest', @/dataset_info.json: undefined data set 'pest': did you mean 'pets'?")
        #expect(
            folder.error("petss")
                == "data set 'petss', @/dataset_info.json: undefined data set 'petss': did you mean 'pets'?")
        #expect(
            folder.error("pets").hasPrefix(
                "data set 'pets', @/a.json: the file does not exist (the working directory is"))
        let empty = try TemporaryFolder(["other.txt": ""])
        #expect(
            empty.error("pets")
                == """
                data set 'pets', @/dataset_info.json: there is no such file: it should list the data sets of its folder \
                (`dataset_dir`); a file is named by its path, a hub's data set as HF::organisation/name
                """
        )
    }

    @Test func `formats that are not read are named`() throws {
        let folder = try TemporaryFolder([
            "a.xlsx": "x", "a.bin": "x", "mixed/a.json": Self.row, "mixed/b.csv": "x",
        ])
        #expect(
            folder.error("a.xlsx")
                == "data set 'a.xlsx', @/a.xlsx: Excel files are not supported yet: convert the data to .json or .jsonl"
        )
        #expect(folder.error("a.bin").contains("a data file should end in .json, .jsonl, .csv, .tsv, .txt, .parquet"))
        #expect(folder.error("mixed").contains("@/mixed/b.csv: all files of a data set's folder should be of one type"))
    }

    @Test func `a missing picture and a wrong number of marks name the row`() throws {
        let info =
            #"{"file_name": "a.json", "columns": {"prompt": "instruction", "response": "output", "images": "images"}}"#
        func folder(_ instruction: String, _ images: String) throws -> TemporaryFolder {
            let row = "{\"instruction\": \"\(instruction)\", \"output\": \"o\", \"images\": \(images)}"
            return try TemporaryFolder([
                "dataset_info.json": "{\"d\": \(info)}", "a.json": "[\(row), \(row)]", "x.png": "png",
                "media/y.png": "png",
            ])
        }
        #expect(try folder("<image>", "\"x.png\"").error("d") == "no error")
        let beside = try folder("<image>", "\"x.png\"")
        #expect(beside.error("d", mediaFolder: beside.path + "/media") == "no error")
        #expect(
            try folder("<image>", "[\"z.png\"]").error("d") == """
                data set 'd': no row can be used.
                2 rows read, 0 kept, 0 truncated, 2 dropped
                  dropped 2: column 'images': the file does not exist in `media_dir` (@), nor from the working directory, nor beside \
                the data: correct the path or set `media_dir` (@/a.json row 1: z.png, 2: z.png)
                """)
        #expect(
            try folder("<image> and <image>", "[\"x.png\"]").error("d").hasSuffix(
                """
                dropped 2: the row has 2 <image> marks in its text, but 1 in the column 'images': name a file for each, or \
                remove the marks that stand for none (@/a.json row 1, 2)
                """))
        #expect(
            try folder("none", "[\"x.png\"]").error("d")
                .contains("the row has 0 <image> marks in its text, but 1 in the column 'images'"))
        #expect(
            try folder("<image>", "[3]").error("d").contains("column 'images' should hold paths, it holds a number"))
        #expect(
            try folder("<image>", "\"https://x/y.png\"").error("d").contains(
                "on the network, from which nothing is read"))
    }

    @Test func `marks of media without media are told, for a text model would learn them as text`() throws {
        let row = #"{"messages": [{"role": "user", "content": "<image>看图"}, {"role": "assistant", "content": "b<c"}]}"#
        let folder = try TemporaryFolder([
            "d.jsonl": row + "\n" + row.replacingOccurrences(of: "<image>", with: "< image>")
        ])
        #expect(
            try DatasetCatalog(folder: folder.path).load("d.jsonl").report.warnings == [
                """
                <image>, <video> or <audio> marks without media in 1 row (\(folder.path)/d.jsonl row 1): \
                name the files in a column `images`, `videos` or `audios`, or the marks are learned as text
                """
            ])
    }

    @Test func `ms-swift's files are read by their paths alone`() throws {
        let message =
            #"{"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "<image>q"}, "#
            + #"{"role": "assistant", "content": "a", "loss": false}], "images": "x.png", "channel": "c"}"#
        let folder = try TemporaryFolder([
            "m.jsonl": message, "x.png": "png",
            "c.jsonl":
                #"{"conversations": [{"from": "user", "value": "q"}, {"from": "bot", "value": "a"}], "system": "s"}"#,
            "a.jsonl": #"{"instruction": "i", "input": "x", "output": "o", "history": [["h", "g"]]}"#,
            "q.jsonl": #"{"query": "q", "response": "r", "system": "s"}"#,
            "p.jsonl": #"{"question": "q", "answer": "r"}"#,
            "pairs.jsonl": #"{"conversation": [{"human": "q", "assistant": "a"}, {"human": "q2", "assistant": "a2"}]}"#,
            "none.jsonl": #"{"foo": 1, "bar": 2}"#,
        ])
        let catalog = try DatasetCatalog(folder: folder.path)
        func load(_ name: String) throws -> Conversation? { try catalog.load(name).keptRows.first?.conversation }
        let picture = MediaSource.file(path: folder.path + "/x.png")
        #expect(
            try load("m.jsonl")
                == Conversation(
                    system: "s", messages: [Message(.user, "<image>q"), Message(.assistant, "a", loss: false)],
                    images: [picture]))
        #expect(
            try load("c.jsonl") == Conversation(system: "s", messages: [Message(.user, "q"), Message(.assistant, "a")]))
        #expect(
            try load("a.jsonl")
                == Conversation(
                    messages: [
                        Message(.user, "h"), Message(.assistant, "g"), Message(.user, "i\nx"), Message(.assistant, "o"),
                    ]))
        #expect(
            try load("q.jsonl") == Conversation(system: "s", messages: [Message(.user, "q"), Message(.assistant, "r")]))
        #expect(
            try load(folder.path + "/p.jsonl")
                == Conversation(messages: [Message(.user, "q"), Message(.assistant, "r")]))
        #expect(
            try catalog.load("m.jsonl").report.warnings == ["data set 'm.jsonl': nothing reads the columns 'channel'"])
        #expect(
            folder.error("none.jsonl") == """
                data set 'none.jsonl', none.jsonl: the columns 'bar', 'foo' are none of the known forms (messages; instruction, input, \
                output; query, response): rename them, or describe the file in dataset_info.json
                """)
    }

    @Test func `a data set of which nothing is left is an error that says why`() throws {
        let folder = try TemporaryFolder(["a.jsonl": #"{"query": "q", "response": null}"#])
        #expect(
            folder.error("a.jsonl") == """
                data set 'a.jsonl': no row can be used.
                1 row read, 0 kept, 0 truncated, 1 dropped
                  dropped 1: the row has no answer: fill the column 'response' (@/a.jsonl row 1)
                """)
    }

    @Test func `a run's data are mixed, split and reported`() throws {
        let catalog = try DatasetCatalog(folder: Golden.dataFolder)
        var request = DataModule.Request(datasets: ["alpaca", "sharegpt"])
        request.splitSize = 0.25
        let data = try DataModule(request, from: catalog)
        let split = try DataSplit(count: 13, size: 0.25, seed: 42)
        // Rows 9 to 13 of the thirteen cannot be used, except for the fifth; they are left out after the split.
        func origins(_ indices: [Int]) throws -> [RowOrigin] {
            let rows = try catalog.load("alpaca").rows + catalog.load("sharegpt").rows
            return indices.compactMap { rows[$0].kept?.origin }
        }
        #expect(try data.train.map(\.origin) == origins(split.train))
        #expect(try data.evaluations.first?.rows.map(\.origin) == origins(split.evaluation))
        #expect(data.report.numRead == 13)
        #expect(data.report.numKept == 8)
        request.splitSize = nil
        request.evaluationDatasets = ["roles", "pictures"]
        request.evaluatesEach = true
        request.maxSamples = 2
        let each = try DataModule(request, from: catalog)
        #expect(each.train.count == 4)
        #expect(each.evaluations.map(\.name) == ["roles", "pictures"])
        #expect(each.evaluations.map(\.rows.count) == [2, 2])
    }

    @Test func `data sets of hubs are asked for with their subset, split and folder`() throws {
        let files = try TemporaryFolder(["a.jsonl": Self.row, "b.json": Self.row])
        HubData.use(FakeHubSource(folder: files.path))
        let folder = try TemporaryFolder([
            "dataset_info.json": """
            {"both": {"hf_hub_url": "org/hf", "ms_hub_url": "org/ms", "subset": "s", "split": "dev", "folder": "f"},
             "scope": {"ms_hub_url": "org/ms", "num_samples": 3}}
            """
        ])
        let catalog = try DatasetCatalog(folder: folder.path)
        #expect(
            try catalog.load("both").keptRows.map(\.origin.file) == [files.path + "/a.jsonl", files.path + "/b.json"])
        #expect(try catalog.load("scope").keptRows.count == 3)
        #expect(try catalog.load("HF::org/pets:en#5").keptRows.count == 5)
        #expect(folder.error("MS::org/fails") == "data set 'MS::org/fails': huggingface is asked for org/pets only")
        let online = try DatasetCatalog(folder: "ONLINE")
        #expect(try online.load("org/pets").keptRows.count == 2)
    }
}

/// Gives the two files of a folder for the data sets that the test names.
private struct FakeHubSource: HubDataSource {
    struct Refusal: Error, CustomStringConvertible {
        var description: String { "huggingface is asked for org/pets only" }
    }
    let folder: String

    func files(of data: HubData) throws -> [String] {
        var both = HubData(host: .huggingFace, id: "org/hf")
        both.subset = "s"
        both.split = "dev"
        both.folder = "f"
        var english = HubData(host: .huggingFace, id: "org/pets")
        english.subset = "en"
        let known = [both, english, HubData(host: .modelScope, id: "org/ms"), HubData(host: nil, id: "org/pets")]
        guard known.contains(data) else { throw Refusal() }
        return [folder + "/a.jsonl", folder + "/b.json"]
    }
}
