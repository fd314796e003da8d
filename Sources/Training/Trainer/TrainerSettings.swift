import RunConfig

/// What the trainer's loop needs to know, from the configuration and the number of updates.
struct TrainerSettings: Sendable {
    let outputFolder: String
    let plan: StepPlan
    let maxGradNorm: Double
    /// Bytes of gradients that go to the other processes together.
    let bucketBytes: Int
    let loggingSteps: Int
    let logsFirstStep: Bool
    let loggingStrategy: IntervalStrategy
    let evalStrategy: IntervalStrategy
    let evalSteps: Int
    /// What trainer_state.json says: transformers' own default stays where nothing asks for an interval.
    let givenEvalSteps: Int?
    let evalDelay: Double
    let evaluatesOnStart: Bool
    let evalBatchSize: Int
    let saveStrategy: SaveStrategy
    let saveSteps: Int
    let saveTotalLimit: Int?
    let savesOnlyModel: Bool
    let loadsBest: Bool
    let bestMetric: String?
    let greaterIsBetter: Bool
    let patience: Int?
    let tokenCount: InputTokenCount

    init(_ config: RunConfig, plan: StepPlan) {
        let training = config.training
        outputFolder = training.outputDir
        self.plan = plan
        maxGradNorm = training.maxGradNorm
        bucketBytes = (training.ddpBucketCapMb ?? 25) << 20
        loggingSteps = max(1, TrainingArguments.steps(training.loggingSteps, of: plan.totalUpdates))
        logsFirstStep = training.loggingFirstStep
        loggingStrategy = training.loggingStrategy
        evalStrategy = training.evalStrategy
        evalSteps = max(1, TrainingArguments.steps(training.effectiveEvalSteps, of: plan.totalUpdates))
        givenEvalSteps = training.evalStrategy == .steps || training.evalSteps != nil ? evalSteps : nil
        evalDelay = training.evalDelay
        evaluatesOnStart = training.evalOnStart
        evalBatchSize = config.evaluationBatchSize
        saveStrategy = training.saveStrategy
        saveSteps = max(1, TrainingArguments.steps(training.saveSteps, of: plan.totalUpdates))
        saveTotalLimit = training.saveTotalLimit
        savesOnlyModel = training.saveOnlyModel
        loadsBest = training.loadBestModelAtEnd
        bestMetric = config.bestMetric
        greaterIsBetter = config.greaterIsBetter ?? false
        patience = config.tuning.earlyStoppingSteps
        tokenCount = training.includeNumInputTokensSeen
    }
}
