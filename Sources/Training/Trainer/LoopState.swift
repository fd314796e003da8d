import Datasets

/// What the loop remembers between steps besides `TrainerState`; saved with a checkpoint so that everything logged after
/// a resume equals the uninterrupted run.
struct LoopState: Sendable, Codable, Equatable {
    /// Where the next update begins in the data.
    var cursor = BatchLoader.Cursor()
    var lossSinceLog = 0.0
    var stepsSinceLog = 0
    var hitsSinceLog = 0
    var targetsSinceLog = 0
    var lastNorm = 0.0
    var lastRate = 0.0
    /// Sum of all steps' losses, for train_loss.
    var totalLoss = 0.0
    var totalTokens = 0
    var evaluationsWithoutGain = 0
    /// A signal broke off the evaluation that was due at the saved step: it is made up for after the resume.
    var owesEvaluation = false
    /// What an objective logs beside the loss, since the last log; nil in checkpoints of earlier versions.
    var curves: CurveSums?
    /// The objective's own numbers.
    var objective: [String: Double]?

    mutating func add(loss: Double, hits: Int, targets: Int, tokens: Int, norm: Double, rate: Double) {
        lossSinceLog += loss
        stepsSinceLog += 1
        hitsSinceLog += hits
        targetsSinceLog += targets
        lastNorm = norm
        lastRate = rate
        totalLoss += loss
        totalTokens += tokens
    }

    mutating func forgetWindow() {
        lossSinceLog = 0
        stepsSinceLog = 0
        hitsSinceLog = 0
        targetsSinceLog = 0
        curves = nil
    }
}
