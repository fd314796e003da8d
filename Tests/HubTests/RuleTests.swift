import Testing
import Web

@testable import Hub

@Suite struct RuleTests {
    @Test func `patterns match as Python's fnmatch, or as a shell's in folders`() {
        let cases: [(pattern: String, path: String, anywhere: Bool, inFolder: Bool)] = [
            ("*.json", "a.json", true, true), ("*.json", "sub/a.json", true, false),
            ("**/*.json", "sub/a.json", true, true),
            ("**/*.json", "a.json", false, true), ("data/**", "data/a/b.csv", true, true),
            ("data/*", "data/a/b.csv", true, false),
            ("a?c", "abc", true, true), ("a?c", "a/c", true, false), ("t[ra-c]x", "tbx", true, true),
            ("t[!a]x", "tax", false, false),
            ("[", "[", true, true), ("", "", true, true), ("*", "", true, true), ("a**b", "axxb", true, true),
            ("data/train-*.parquet", "data/train-00000-of-00001.parquet", true, true),
        ]
        for item in cases {
            #expect(Glob(item.pattern).matches(item.path) == item.anywhere, "\(item.pattern) \(item.path)")
            #expect(
                Glob(item.pattern, crossesFolders: false).matches(item.path) == item.inFolder,
                "\(item.pattern) \(item.path)")
        }
        // A pattern that would take exponential time in a naive matcher.
        #expect(!Glob(String(repeating: "a*", count: 60) + "b").matches(String(repeating: "a", count: 2_000)))
    }

    private func files(
        _ paths: [String], readme: String? = nil, subset: String? = nil, split: String = "train", folder: String? = nil
    )
        -> String
    {
        do {
            let repository = try HubRepository(host: .huggingface, kind: .dataset, id: "o/d")
            return try DatasetFiles(paths, readme: readme, repository).files(
                subset: subset, split: split, folder: folder
            )
            .joined(separator: " ")
        } catch { return "\(error)" }
    }

    @Test func `splits are found by shards, folders and names as in Hugging Face's library`() {
        #expect(files(["README.md", "a.jsonl", "b.jsonl", "c.py", ".hidden.json"]) == "a.jsonl b.jsonl")
        #expect(files(["train.jsonl", "test.jsonl"]) == "train.jsonl")
        #expect(files(["my_train_v2.csv", "constrained.csv", "dev.csv"]) == "my_train_v2.csv")
        #expect(files(["my_train_v2.csv", "dev.csv"], split: "validation") == "dev.csv")
        #expect(files(["train/a.json", "train/b.json", "eval/c.json", "train.json"]) == "train/a.json train/b.json")
        #expect(
            files(
                ["data/train-00000-of-00001.parquet", "data/extra-00000-of-00001-abc.parquet", "train.json"],
                split: "extra") == "data/extra-00000-of-00001-abc.parquet")
        #expect(files(["train.json", "train.csv", "train2.csv"]) == "train.csv train2.csv")
        #expect(files(["a/train.json", "b/train.json"], folder: "b") == "b/train.json")
        #expect(files(["a/train.json", "b/train.json"], subset: "a") == "a/train.json")
        #expect(files(["a/train.json"], subset: "z").contains("has no subset 'z'"))
        #expect(files(["x.bin"]).contains("has no split 'train': it has no data files"))
        #expect(files(["train.json"], split: "train[:10]").contains("is more than a name"))
    }

    @Test func `a README's configurations decide`() {
        let paths = ["en/a.jsonl", "en/b.jsonl", "zh/a.jsonl", "zh/test.jsonl", "all.csv"]
        let readme = """
            ---
            license: mit
            configs:
            - config_name: en
              data_files: "en/*.jsonl"
            - config_name: zh
              default: true
              data_files:
              - split: train
                path: zh/a.jsonl
              - split: test
                path:
                - zh/test.jsonl
            - config_name: folder
              data_dir: en
            ---
            # Text
            """
        #expect(files(paths, readme: readme) == "zh/a.jsonl")
        #expect(files(paths, readme: readme, subset: "en") == "en/a.jsonl en/b.jsonl")
        #expect(files(paths, readme: readme, subset: "zh", split: "test") == "zh/test.jsonl")
        #expect(files(paths, readme: readme, subset: "folder") == "en/a.jsonl en/b.jsonl")
        #expect(files(paths, readme: readme, subset: "fr").contains("has no subset 'fr': it has 'en', 'zh', 'folder'"))
        #expect(files(paths, readme: readme.replacing("  default: true\n", with: "")).contains("has several subsets"))
        #expect(files(paths, readme: "---\nconfigs: [broken\n---\n", folder: "zh").contains("no split 'train'"))
        #expect(files(["a.jsonl"], readme: "---\nconfigs: [broken\n---\n") == "a.jsonl")
    }

    @Test func `ids and revisions are checked`() {
        for id in ["a/b/c", "../x", "a/..", "/etc", "a b/c", "", "a/", "-a/b", "a?b/c"] {
            #expect(throws: HubError.self) { try HubRepository(host: .huggingface, kind: .model, id: id) }
        }
        #expect(throws: HubError.self) {
            try HubRepository(host: .huggingface, kind: .model, id: "a/b", revision: "../../x")
        }
        #expect(throws: HubError.self) { try HubRepository(host: .modelscope, kind: .model, id: "gpt2") }
        #expect(
            HubRepository.isID("Qwen/Qwen2-0.5B") && !HubRepository.isID("./models/x") && !HubRepository.isID("/models")
        )
    }

    @Test func `the environment of both hubs' clients is followed`() {
        #expect(HubEnvironment(["HOME": "/u"]).huggingFaceCache == "/u/.cache/huggingface/hub")
        #expect(HubEnvironment(["HF_HOME": "~/hf", "HOME": "/u"]).huggingFaceCache == "/u/hf/hub")
        #expect(HubEnvironment(["HF_HOME": "/hf", "HF_HUB_CACHE": "/c"]).huggingFaceCache == "/c")
        #expect(HubEnvironment(["MODELSCOPE_CACHE": "/ms"]).modelScopeCache == "/ms")
        #expect(HubEnvironment(["HF_ENDPOINT": "http://mirror/"]).endpoint(.huggingface) == "http://mirror")
        #expect(HubEnvironment(["MODELSCOPE_DOMAIN": "mirror"]).endpoint(.modelscope) == "https://mirror")
        #expect(HubEnvironment(["USE_MODELSCOPE_HUB": "1"]).defaultHost == .modelscope)
        #expect(
            HubEnvironment(["TRANSFORMERS_OFFLINE": "true"]).isOffline
                && !HubEnvironment(["HF_HUB_OFFLINE": "0"]).isOffline)
    }

    @Test func `waits grow, and a server's wish is followed within reason`() {
        let policy = RetryPolicy(maxAttempts: 4, firstSeconds: 1, maxSeconds: 3)
        for (attempt, seconds) in [(1, 1.0), (2, 2.0), (3, 3.0)] {
            let delay = policy.delay(afterAttempt: attempt) ?? -1
            #expect(delay >= seconds * 0.75 && delay <= seconds * 1.25)
        }
        #expect(policy.delay(afterAttempt: 4) == nil)
        #expect(policy.delay(afterAttempt: 1, retryAfter: "7") == 7)
        #expect(policy.delay(afterAttempt: 1, retryAfter: "9999") == nil)
        #expect(policy.delay(afterAttempt: 1, retryAfter: "soon") != nil)
    }
}
