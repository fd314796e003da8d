import Foundation
import Models
import Prompting
import RunConfig
import Torch

extension TrainingRun {
    /// The objective of stage gkd.
    func distillation(_ model: LanguageModel, _ builder: PromptBuilder, packTokens: Int) throws -> any Objective {
        let tuning = config.tuning
        guard let folder = tuning.teacherModel else { throw TrainingError("stage gkd needs teacher_model") }
        guard try Tokenizer(folder: folder).encode(Self.probe) == tokenizer.encode(Self.probe) else {
            throw TrainingError(
                "teacher_model \(folder) reads texts as other tokens than the student: both need the same tokenizer")
        }
        let teacher = try scope("loading the teacher \(folder)") {
            try LanguageModel.load(folder: folder, dtype: compute)
        }
        for adapter in (tuning.teacherModelAdapters ?? "").split(separator: ",") {
            let adapter = adapter.trimmingCharacters(in: .whitespaces)
            try teacher.loadLoRA(folder: adapter)
            try scope("merging \(adapter)") { teacher.mergeLoRA() }
        }
        guard (teacher.vision == nil) == (model.vision == nil) else {
            throw TrainingError("teacher_model \(folder): teacher and student must both read images, or neither")
        }
        let adapters = tuning.teacherModelAdapters.map { " with \($0) merged" } ?? ""
        print("Teacher: \(folder)\(adapters).")
        var settings = Distillation.Settings(
            divergence: GeneralizedDivergence(beta: tuning.gkdBeta, temperature: tuning.gkdTemperature))
        settings.onPolicy = tuning.lmbda
        settings.teacherWrites = tuning.seqKD
        settings.seed = UInt64(config.training.seed)
        func engine(_ writer: LanguageModel) throws -> any RolloutEngine {
            guard let tools else {
                throw TrainingError("lmbda and seq_kd need an inference engine, and this program has none")
            }
            return try tools.engine(writer, rolloutSettings(builder.examples))
        }
        return Distillation(
            settings, teacher: teacher, engine: settings.onPolicy > 0 ? try engine(model) : nil,
            teacherEngine: settings.teacherWrites && settings.onPolicy < 1 ? try engine(teacher) : nil,
            packs: RolloutPacks(modelConfig.vision, packTokens: packTokens))
    }
}
