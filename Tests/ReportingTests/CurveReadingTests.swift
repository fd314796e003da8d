import Glibc
import JSON
import Testing

@testable import Reporting

@Suite struct CurveReadingTests {
    /// A run with a training loss a step and, every `evalSteps` steps, an evaluation.
    private func facts(
        steps: Int, evalSteps: Int = 0, checkpoints: [Int] = [], loss: (Double) -> Double,
        eval: (Double) -> Double = { _ in 0 }
    ) -> RunFacts {
        var history: [LogRecord] = []
        for step in stride(from: 1, through: steps, by: 1) {
            history.append(["loss": .double(loss(Double(step))), "step": .int(step)])
            if evalSteps > 0 && step % evalSteps == 0 {
                history.append(["eval_loss": .double(eval(Double(step))), "step": .int(step)])
            }
        }
        return RunFacts(history: history, checkpointSteps: checkpoints, outputFolder: "saves/run")
    }

    /// The notes' own run (L34): eval_loss is lowest at 300 and rises to 0.09 while the loss goes to zero.
    private func overfitted(checkpoints: [Int]) -> RunFacts {
        facts(
            steps: 1200, evalSteps: 100, checkpoints: checkpoints, loss: { 0.5 * exp(-$0 / 100) },
            eval: { 0.06 + ($0 < 300 ? (300 - $0) * 1e-4 : ($0 - 300) * 0.0314 / 900) })
    }

    @Test func `Overfitting is named with its step, its size and the checkpoint to use`() {
        #expect(
            CurveReading.lines(overfitted(checkpoints: [300, 600, 900, 1200])) == [
                "eval_loss is best at step 300 (0.06) and rises by 52 % to 0.0914 afterwards, while the training loss goes from "
                    + "0.02489 to 3.072e-06: the run overfits after step 300.",
                "Use saves/run/checkpoint-300.",
                "Next time: load_best_model_at_end: true keeps the best step by itself, early_stopping_steps ends the run there; "
                    + "fewer epochs, more data or a lower learning_rate reduce overfitting.",
            ])
    }

    @Test func `Where the best step was not saved, the best evaluated checkpoint is named`() {
        let lines = CurveReading.lines(overfitted(checkpoints: [200, 400, 1200]))
        #expect(
            lines[1]
                == "Use saves/run/checkpoint-400 (eval_loss 0.06349): the nearest saved to step 300. Set save_steps equal "
                + "to eval_steps to keep the best step itself.")
    }

    @Test func `Checkpoints that were never evaluated are taken at or before the best step, else after`() {
        let evals = [10, 20, 30].map { RunFacts.Point(step: $0, value: $0 == 20 ? 1 : 2) }
        #expect(CurveReading.bestCheckpoint([5, 15, 25], evals: evals) == 15)
        #expect(CurveReading.bestCheckpoint([25, 35], evals: evals) == 25)
        #expect(CurveReading.bestCheckpoint([10, 30], evals: evals) == 10)
        #expect(CurveReading.bestCheckpoint([], evals: evals) == nil)
        #expect(CurveReading.bestCheckpoint([5], evals: []) == nil)
    }

    @Test func `Without a checkpoint only the last weights are left`() {
        #expect(
            CurveReading.lines(overfitted(checkpoints: []))[1]
                == "No checkpoint was saved near step 300, so only the last weights are left, in saves/run. Set save_steps "
                + "equal to eval_steps.")
    }

    @Test func `load_best_model_at_end has already chosen`() {
        var facts = overfitted(checkpoints: [300, 1200])
        facts.loadedBestStep = 300
        #expect(
            CurveReading.lines(facts)[1] == "Use saves/run: it holds the weights of step 300, the best saved one.")
    }

    @Test func `A run that still improves says so`() {
        let lines = CurveReading.lines(
            facts(steps: 100, evalSteps: 20, checkpoints: [50, 100], loss: { 3 - $0 / 50 }, eval: { 3 - $0 / 60 }))
        #expect(
            lines == [
                "eval_loss is best at the last evaluation (1.333 at step 100): no overfitting, and it still falls, so more "
                    + "epochs can help.",
                "Use saves/run: the last weights are as good as any of this run.",
            ])
    }

    @Test func `A small rise is not called overfitting`() {
        let lines = CurveReading.lines(
            facts(
                steps: 100, evalSteps: 20, checkpoints: [60], loss: { 2 - $0 / 60 },
                eval: { $0 == 60 ? 1 : $0 == 100 ? 1.02 : 1.1 }))
        #expect(
            lines == [
                "eval_loss is best at step 60 (1) and rises only a little afterwards (1.02 at step 100): no clear overfitting.",
                "Use saves/run/checkpoint-60.",
            ])
        let level = CurveReading.lines(
            facts(steps: 100, evalSteps: 50, loss: { 2 - $0 / 60 }, eval: { $0 == 50 ? 1 : 1.001 }))
        #expect(level[0].contains("stays level afterwards") && level[1].contains("as good as any"))
    }

    @Test func `Without evaluation the training loss is read and val_size is recommended`() {
        let falling = CurveReading.lines(facts(steps: 100, loss: { 3 - $0 / 50 }))
        #expect(falling.count == 2)
        #expect(
            falling[0] == "The training loss fell from 2.89 to 1.09 and still falls at the end: more epochs can help.")
        #expect(falling[1].contains("no evaluation") && falling[1].contains("val_size: 0.1"))
        let level = CurveReading.lines(facts(steps: 200, loss: { 0.1 + 3 * exp(-$0 / 10) }))
        #expect(level[0].hasSuffix("and has levelled off."))
    }

    @Test func `A flat loss and a rising loss are named`() {
        let flat = CurveReading.lines(facts(steps: 40, loss: { 12.1 + 0.03 * sin($0) }))
        #expect(
            flat[0].hasPrefix("The training loss hardly moved (12.") && flat[0].contains("learning_rate may be too low")
        )
        let rising = CurveReading.lines(facts(steps: 40, loss: { 1 + $0 / 10 }))
        #expect(rising[0] == "The training loss rose from 1.25 to 4.85: learning_rate is too high.")
    }

    @Test func `NaN ends the reading with the last sound checkpoint`() {
        let lines = CurveReading.lines(
            facts(
                steps: 100, evalSteps: 20, checkpoints: [20, 40, 60, 80], loss: { $0 >= 70 ? .nan : 2 - $0 / 60 },
                eval: { $0 >= 70 ? .nan : $0 == 40 ? 1 : 1.5 }))
        #expect(lines.count == 2)
        #expect(lines[0].hasPrefix("The loss became NaN at step 70:"))
        #expect(lines[1] == "Use saves/run/checkpoint-40: the best one saved before.")
        let early = CurveReading.lines(facts(steps: 9, checkpoints: [5], loss: { $0 == 3 ? .infinity : 1 }))
        #expect(early[0].hasPrefix("The loss became infinite at step 3:"))
        #expect(early[1] == "No checkpoint was saved before that: nothing of this run can be used.")
    }

    @Test func `Very short runs, tiny data and interruptions are said`() {
        var facts = facts(steps: 3, evalSteps: 3, loss: { 3 - $0 }, eval: { _ in 1 })
        facts.totalSteps = 10
        facts.numTrainExamples = 40
        facts.numEvalExamples = 8
        #expect(
            CurveReading.lines(facts) == [
                "The run ended at step 3 of 10.",
                "Only 3 training losses were logged: too few to see a trend. Train longer or set logging_steps lower.",
                "There was one evaluation only (eval_loss 1 at step 3). Set eval_steps lower to see where the best step is.",
                "There are only 40 training examples: check by hand what the model answers to new prompts.",
                "The evaluation rests on 8 examples: small differences of eval_loss mean little.",
            ])
        let empty = RunFacts(history: [], checkpointSteps: [], outputFolder: "x")
        #expect(CurveReading.lines(empty).count == 1)
    }

    @Test func `Steps that were logged again after a resume count once`() {
        let history: [LogRecord] = [
            ["loss": 1, "step": 1], ["loss": 2, "step": 2], ["loss": 3, "step": 3], ["loss": 9, "step": 2],
        ]
        let facts = RunFacts(history: history, checkpointSteps: [], outputFolder: "x")
        #expect(facts.curve("loss") == [.init(step: 1, value: 1), .init(step: 2, value: 9)])
    }

    @Test func `The reference's own run is read`() throws {
        let state = try TrainerState(json: fixture("run_trainer_state.json"), path: "-")
        var facts = RunFacts(
            history: state.logHistory, checkpointSteps: [2, 4, 6, 8], outputFolder: "saves/reference-run")
        facts.totalSteps = state.maxSteps
        #expect(
            CurveReading.lines(facts) == [
                "eval_loss is best at the last evaluation (11.94 at step 8): no overfitting; it has levelled off.",
                "Use saves/reference-run: the last weights are as good as any of this run.",
                "The training loss hardly moved (11.96 to 11.91): learning_rate may be too low, the training too short, or the "
                    + "answers cannot be learned from these prompts.",
            ])
    }
}
