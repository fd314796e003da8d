import Basics
import Foundation
public import Models
import NN

/// How many parameters a model has and how many of them are trained.
public struct ParameterCount: Sendable, Equatable {
    public let trainable: Int
    public let all: Int

    /// Counts a model whose trainable parameters are marked.
    public init(_ model: LanguageModel) {
        let parameters = model.parameters() + (model.valueHead?.parameters(prefix: "v_head.") ?? [])
        all = parameters.reduce(0) { $0 + $1.parameter.count }
        trainable = parameters.reduce(0) { $0 + ($1.parameter.isTrainable ? $1.parameter.count : 0) }
    }

    /// PEFT's line: `trainable params: 20,185,088 || all params: 8,312,351,744 || trainable%: 0.2428`.
    public var line: String {
        let share = all == 0 ? 0 : 100 * Double(trainable) / Double(all)
        return
            "trainable params: \(trainable.grouped) || all params: \(all.grouped) || trainable%: \(String(format: "%.4f", share))"
    }
}
