public import Foundation

/// Where the demo's files are.
public struct DemoPaths: Sendable, Equatable {
    /// The folder that holds everything.
    public let folder: URL

    /// LLaMA-Factory's `dataset_dir`: dataset_info.json, see.json, rules_train.json, rules_test.json, images/.
    public var data: URL { folder.appending(path: "data") }
    /// The model before any training: configuration and tokenizer. Its weights are not among the files written here.
    public var model: URL { folder.appending(path: "model") }
    /// The YAML of stage 1: full SFT, learns to see and count.
    public var seeYAML: URL { folder.appending(path: "see.yaml") }
    /// The YAML of stage 2: LoRA SFT, learns the rules.
    public var rulesYAML: URL { folder.appending(path: "rules.yaml") }
    /// What stage 1 leaves: the `output_dir` of see.yaml and the base model of rules.yaml.
    public var seeOutput: URL { folder.appending(path: "see") }
    /// What stage 2 leaves: the `output_dir` of rules.yaml, an adapter.
    public var rulesOutput: URL { folder.appending(path: "rules") }
    /// Samples of the test set to look at: picture, rule as symbols, and the right answer.
    public var contactSheet: URL { folder.appending(path: "samples.png") }

    /// Names of the data sets in dataset_info.json.
    public static let seeDataset = "demo_see"
    /// The training set of stage 2.
    public static let rulesTrainDataset = "demo_rules_train"
    /// The held-out test set of stage 2.
    public static let rulesTestDataset = "demo_rules_test"
    /// The two answers of the rule stage: requirement met, requirement not met.
    public static let answers = [RuleTask.meets, RuleTask.fails]

    init(folder: URL) { self.folder = folder }
}
