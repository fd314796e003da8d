import Datasets
import Foundation
import Models
import NN
import Prompting
import Reporting
public import RunConfig
public import Torch

/// One run of `anneal train`: reads everything, prints the plan, trains, and leaves the files users expect.
public struct TrainingRun: Sendable {
    /// How a run ended.
    public enum Outcome: Sendable, Equatable {
        case finished
        /// The user stopped it; it can be resumed.
        case stopped(step: Int)
    }

    public let config: RunConfig
    let modelFolder: String
    let template: Template
    let tokenizer: Tokenizer
    let modelConfig: ModelConfig
    /// Engine and rewards, for the stages whose answers the policy writes.
    let tools: ReinforcementTools?
    /// The processes that train together; this one's place among them says which device it takes.
    let group: ProcessGroup

    /// Reads configuration files, tokenizer and template; no weights yet.
    public init(_ config: RunConfig, tools: ReinforcementTools? = nil, group: ProcessGroup = .alone) throws {
        self.config = config
        self.tools = tools
        self.group = group
        guard let folder = config.model.modelNameOrPath else { throw TrainingError("model_name_or_path is missing") }
        modelFolder = folder
        modelConfig = try ModelConfig(folder: folder)
        // Pre-training renders no conversation: a template only says which token ends a text.
        let name = config.data.template ?? (config.tuning.stage == .pt ? "empty" : Template.derivedName)
        var tokenizer = try Tokenizer(folder: folder)
        guard name != Template.derivedName || tokenizer.chatTemplate != nil else {
            throw TrainingError(
                "template is missing: name the prompt template of the model, for example template: qwen (anneal template list shows all)"
            )
        }
        var template = try TemplateCatalog.template(named: name, tokenizer: tokenizer)
        if let system = config.data.defaultSystem { template.defaultSystem = system }
        let changes = try template.fit(&tokenizer)
        if changes.numNewTokens > 0, tokenizer.idLimit > modelConfig.text.vocabularySize {
            throw TrainingError(
                "template \(name) needs \(changes.numNewTokens) tokens that the vocabulary has no rows for; choose the template of this model (resize_vocab is not supported yet)"
            )
        }
        guard tokenizer.idLimit <= modelConfig.text.vocabularySize else {
            throw TrainingError(
                "\(folder): the tokenizer has ids up to \(tokenizer.idLimit - 1), the model's vocabulary only \(modelConfig.text.vocabularySize) rows; tokenizer and model do not belong together"
            )
        }
        self.template = template
        self.tokenizer = tokenizer
    }

    /// What turns the rows of this run's stage into examples.
    func rowEncoder() throws -> RowEncoder {
        if config.tuning.stage.writesAnswers { return try promptEncoder(evaluates: false) }
        guard config.tuning.stage == .pt else { return RowEncoder(try encoder(), media: try mediaSettings()) }
        // LLaMA-Factory's rule: the template of Llama 3 ends turns with another token than texts.
        let end =
            config.data.template == "llama3" ? "<|end_of_text|>" : tokenizer.eosID.flatMap(tokenizer.token(for:)) ?? ""
        let begin =
            tokenizer.addsBOS && !config.packsSamples ? tokenizer.bosID.flatMap(tokenizer.token(for:)) ?? "" : ""
        return RowEncoder(
            try encoder(), media: nil, purpose: .text(begin: begin, end: end, isCut: !config.packsSamples))
    }

    /// How rows are put together; nil leaves each row a sample.
    var arrangement: ArrangedSamples.Arrangement? {
        guard config.packsSamples else { return nil }
        guard config.tuning.stage == .pt else { return .packed(capacity: config.encodedLength) }
        return .blocks(size: config.encodedLength, firstID: tokenizer.addsBOS ? tokenizer.bosID : nil)
    }

    /// The encoder every part of the program uses for this model.
    func encoder() throws -> ConversationEncoder {
        try ConversationEncoder(
            template: template, tokenizer: tokenizer,
            settings: EncodingSettings(
                cutoffLength: config.encodedLength, trainsOnPrompt: config.data.trainOnPrompt,
                masksHistory: config.data.maskHistory,
                enableThinking: config.data.enableThinking, preservesThinking: config.data.preserveThinking,
                splitsSpecialTokens: config.model.splitSpecialTokens,
                lossScale: LossScale(
                    config.data.lossScale ?? "default", ignoresEmptyThoughts: config.data.ignoreEmptyThink)))
    }

    func mediaSettings() throws -> MediaSettings? {
        modelConfig.vision == nil ? nil : try MediaSettings(modelFolder: modelFolder, config.model)
    }

    /// The settings inference starts from.
    var inferenceDefaults: InferenceDefaults {
        var defaults = InferenceDefaults()
        defaults.template = template.name
        defaults.defaultSystem = config.data.defaultSystem
        defaults.enableThinking = config.data.enableThinking
        defaults.cutoffLen = config.data.cutoffLen
        defaults.baseModel = modelFolder
        if modelConfig.vision != nil {
            defaults.imageMaxPixels = config.model.imageMaxPixels
            defaults.imageMinPixels = config.model.imageMinPixels
            defaults.videoMaxPixels = config.model.videoMaxPixels
            defaults.videoMinPixels = config.model.videoMinPixels
            defaults.videoFps = config.model.videoFps
            defaults.videoMaxlen = config.model.videoMaxlen
        }
        // Where training itself draws answers, these settings are for exploring.
        guard !config.tuning.stage.writesAnswers else { return defaults }
        let generation = config.generation
        defaults.doSample = generation.doSample
        defaults.temperature = generation.temperature
        defaults.topP = generation.topP
        defaults.topK = generation.topK
        defaults.repetitionPenalty = generation.repetitionPenalty
        defaults.maxNewTokens = generation.maxNewTokens
        defaults.maxLength = generation.maxLength
        defaults.skipSpecialTokens = generation.skipSpecialTokens
        defaults.thinkingBudget = generation.thinkingBudget
        defaults.loopGuard = generation.loopGuard
        return defaults
    }

    /// Trains on the tensor thread and returns how it ended.
    public func start() throws -> Outcome {
        for note in config.notes { print("[note] \(note)") }
        if template.name == Template.derivedName {
            print("[note] template: taken from the chat template of \(modelFolder)")
        }
        let output = config.training.outputDir, isNew = !FileManager.default.fileExists(atPath: output)
        do {
            return try startPrepared()
        } catch {
            // A run that failed before it wrote anything leaves nothing: rmdir keeps a folder that holds something.
            if isNew { rmdir(output) }
            throw error
        }
    }

    private func startPrepared() throws -> Outcome {
        let device = try config.chooseDevice(group)
        if !device.isCPU { print("Device: \(device) (\(device.name))") }
        try refuseUnshared()
        let resume = try group.firstBeforeOthers { try OutputFolder.prepare(config) }
        // The others find in the cache what the first has prepared.
        let loaded = try group.firstBeforeOthers { try loadData(waits: group.size > 1) }
        print(loaded.report.description)
        loaded.notes.forEach { print($0) }
        if let example = try loaded.train.firstExample() { print(exampleText(example)) }
        let run = self
        let pending = loaded.pending
        pending.forEach { $0.goOn() }
        defer { pending.forEach { $0.stop() } }
        let outcome = try TensorThread.cpu.run { try run.train(loaded, resume: resume) }
        for rows in pending where rows.store.isComplete {
            let report = rows.report
            print("All rows are prepared: \(report.numTruncated) truncated, \(report.numDropped) dropped.")
        }
        return outcome
    }

    func loadData(waits: Bool = false) throws -> TrainingData { try TrainingData.load(self, waits: waits) }

    /// LLaMA-Factory's "training example" dump: what the model reads and what it learns.
    func exampleText(_ example: TrainingExample) -> String {
        if let layout = example.preference { return preferenceText(example, layout) }
        let learned = example.labels.filter { $0 != EncodedExample.ignored }
        return """
            training example:
            input_ids:
            \(example.inputIDs)
            inputs:
            \(tokenizer.decode(example.inputIDs, skipSpecialTokens: false))
            label_ids:
            \(example.labels)
            labels:
            \(tokenizer.decode(learned, skipSpecialTokens: false))
            """
    }
}
