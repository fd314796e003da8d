import Foundation
import JSON
import TestSupport
import Testing

@testable import Training

/// Every stage on pictures between words, in several turns, and on a video: whole runs, and the same run from its checkpoint.
struct VisionRunTests {
    /// Rows in the form of the users' notes: conversations with a system turn, one chosen and one rejected message, and images.
    private static let prompts: [(turns: [(String, String)], images: [String], videos: [String])] = [
        ([("system", "You look at pictures."), ("human", "<image>Who is it?")], ["a.jpg"], []),
        ([("human", "Is <image> larger than <image>, or not?")], ["b.png", "c.jpg"], []),
        ([("human", "<image>What?"), ("gpt", "A square."), ("human", "And this?<image>")], ["d.jpg", "a.jpg"], []),
        ([("human", "Watch: <video> and tell me.")], [], ["clip.mp4"]),
        ([("human", "First <image>, then <video>: which moves?")], ["c.jpg"], ["clip.mp4"]),
        ([("human", "No picture. 1 + 1?")], [], []),
    ]

    private static func write(_ folder: TemporaryFolder) throws {
        func message(_ turn: (String, String)) -> JSONValue {
            .object([JSONMember("from", .string(turn.0)), JSONMember("value", .string(turn.1))])
        }
        func rows(_ answers: (Int) -> (turns: [(String, String)], members: [JSONMember])) -> String {
            JSONValue.array(
                prompts.enumerated().map { index, prompt in
                    let own = answers(index)
                    return .object(
                        [
                            JSONMember("conversations", .array((prompt.turns + own.turns).map(message))),
                            JSONMember("images", .array(prompt.images.map { .string($0) })),
                            JSONMember("videos", .array(prompt.videos.map { .string($0) })),
                        ] + own.members)
                }
            ).text()
        }
        try folder.write(
            "pairs.json",
            rows { index in
                (
                    [],
                    [
                        JSONMember("chosen", message(("gpt", "Number \(index) it is."))),
                        JSONMember("rejected", message(("gpt", "No."))),
                    ]
                )
            })
        try folder.write("tags.json", rows { ([("gpt", "Answer \($0).")], [JSONMember("label", .bool($0 % 2 == 0))]) })
        try folder.write("answers.json", rows { ([("gpt", "Answer \($0).")], []) })
        let columns = #""messages": "conversations", "images": "images", "videos": "videos""#
        try folder.write(
            "dataset_info.json",
            """
            {"pairs": {"file_name": "pairs.json", "formatting": "sharegpt", "ranking": true,
              "columns": {\(columns), "chosen": "chosen", "rejected": "rejected"}},
             "tags": {"file_name": "tags.json", "formatting": "sharegpt", "columns": {\(columns), "kto_tag": "label"}},
             "answers": {"file_name": "answers.json", "formatting": "sharegpt", "columns": {\(columns)}}}
            """)
        for name in ["a.jpg", "b.png", "c.jpg", "d.jpg"] {
            _ = try folder.copy("\(Place.training)/data/images/\(name)", as: name)
        }
        _ = try folder.copy("\(Place.tests)/MediaTests/Fixtures/clip.mp4", as: "clip.mp4")
    }

    private static let own: [String: [String]] = [
        "rm": ["dataset=pairs"], "dpo": ["dataset=pairs", "pref_ftx=0.1"], "kto": ["dataset=tags"],
        "ppo": ["dataset=answers", "reward_funcs=repetition", "ppo_epochs=1", "max_completion_length=6"],
        "grpo": [
            "dataset=answers", "reward_funcs=program", #"reward_program=awk '{ print length($0) % 7 }'"#,
            "num_generations=2", "max_completion_length=6",
        ],
        "gkd": ["dataset=answers", "teacher_model=\(Place.models)/qwen2.5-vl", "max_completion_length=6"],
    ]

    private static func arguments(_ stage: String, _ folder: TemporaryFolder, output: String) -> [String] {
        setenv("ANNEAL_CACHE", "off", 1)
        return [
            "model_name_or_path=\(Place.models)/qwen2.5-vl", "dataset_dir=\(folder.path)", "media_dir=\(folder.path)",
            "output_dir=\(output)", "disable_tqdm=true", "stage=\(stage)", "do_train=true", "finetuning_type=lora",
            "lora_rank=2", "template=qwen2_vl", "cutoff_len=512", "image_max_pixels=12544", "video_max_pixels=6272",
            "video_maxlen=4", "per_device_train_batch_size=2", "gradient_accumulation_steps=2", "learning_rate=5e-3",
            "logging_steps=1", "save_strategy=steps", "save_steps=1", "max_steps=2", "report_to=none",
        ] + (own[stage] ?? [])
    }

    @Test(arguments: ["rm", "dpo", "kto", "ppo", "grpo", "gkd"])
    func `pictures between words and videos are learned from, and a run goes on with the same bits`(_ stage: String)
        throws
    {
        let folder = try TemporaryFolder(), files = FileManager.default
        try Self.write(folder)
        let whole = "\(folder.path)/whole", resumed = "\(folder.path)/resumed"
        let log = try PracticeRunTests.train(Self.arguments(stage, folder, output: whole))
        let steps = log.filter { $0["loss"] != nil }
        #expect(steps.count == 2)
        for record in log {
            let areFinite = record.values.allSatisfy(\.isFinite)
            #expect(areFinite, "\(record)")
        }
        let norms: [Double] = steps.compactMap { $0["grad_norm"] }
        #expect(norms.count == 2)
        try files.createDirectory(atPath: resumed, withIntermediateDirectories: true)
        for name in ["checkpoint-1", "completions.jsonl"] where files.fileExists(atPath: "\(whole)/\(name)") {
            try files.copyItem(atPath: "\(whole)/\(name)", toPath: "\(resumed)/\(name)")
        }
        let again = try PracticeRunTests.train(Self.arguments(stage, folder, output: resumed))
        let losses: [Double?] = log.map { $0["loss"] }, ownLosses: [Double?] = again.map { $0["loss"] }
        #expect(ownLosses == losses)
        let names = try files.contentsOfDirectory(atPath: whole).filter {
            ($0.hasSuffix(".safetensors") && $0 != ReferenceCache.fileName) || $0 == "completions.jsonl"
        }
        #expect(names.contains("completions.jsonl") == ["ppo", "grpo"].contains(stage))
        for name in names {
            let same = files.contents(atPath: "\(whole)/\(name)") == files.contents(atPath: "\(resumed)/\(name)")
            #expect(same, "\(name)")
        }
    }
}
