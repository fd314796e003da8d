import Foundation
import Models
import Torch

extension InferenceSession {
    /// Logits of some tokens after each prompt, [prompts][tokens], in one forward pass over all prompts.
    ///
    /// - Returns: the logits, and the number format the model gave them in.
    func logits(after prompts: [Prompt], of tokens: [Int32]) throws -> (values: [[Float]], dtype: DType) {
        let vision = vision
        let (values, dtype) = try model.run { model in
            try noGrad {
                try scope("reading the prompts") {
                    let input = ModelInput(prompts, vision: vision)
                    let last = Tensor(input.offsets.dropFirst().map { $0 - 1 })
                    let logits = model.logits(model.hiddenStates(input).rows(last))
                    return (logits.array(Float.self), logits.dtype)
                }
            }
        }
        let numTokens = values.count / max(1, prompts.count)
        return (prompts.indices.map { row in tokens.map { values[row * numTokens + Int($0)] } }, dtype)
    }

    /// Natural-log probability of each continuation of a prompt: the sum over its tokens.
    ///
    /// Continuations that are beginnings of others share their pass; single tokens need one pass over the prompt alone.
    func logProbabilities(of continuations: [[Int32]], after prompt: Prompt) throws -> [Double] {
        // The tokens a pass is given: all but the last of a continuation, and what is no beginning of another.
        let heads = Set(continuations.map { Array($0.dropLast()) })
        let passes = heads.filter { head in
            !heads.contains { $0.count > head.count && Array($0.prefix(head.count)) == head }
        }
        var known: [[Int32]: [Int32: Double]] = [:]
        for pass in passes {
            let wanted = (0...pass.count).map { count in
                let head = Array(pass.prefix(count))
                return (
                    head,
                    Set(continuations.filter { $0.count > count && Array($0.prefix(count)) == head }.map { $0[count] })
                )
            }
            let extended = prompt.appending(pass)
            let vision = vision
            let first = prompt.tokenIDs.count - 1
            let values = try model.run { model in
                try noGrad {
                    try scope("reading the possible answers") {
                        let hidden = model.hiddenStates(ModelInput([extended], vision: vision))
                        let rows = Tensor(Array(first...first + pass.count))
                        return model.logits(hidden.rows(rows)).array(Float.self)
                    }
                }
            }
            let numTokens = values.count / (pass.count + 1)
            for (row, (head, tokens)) in wanted.enumerated() {
                let logits = values[row * numTokens..<(row + 1) * numTokens]
                let highest = Double(logits.max() ?? 0)
                let sum = highest + log(logits.reduce(0.0) { $0 + exp(Double($1) - highest) })
                for token in tokens {
                    known[head, default: [:]][token] = Double(logits[logits.startIndex + Int(token)]) - sum
                }
            }
        }
        return continuations.map { tokens in
            tokens.indices.reduce(0) { $0 + (known[Array(tokens[..<$1])]?[tokens[$1]] ?? -.infinity) }
        }
    }
}

extension Prompt {
    /// The prompt with text tokens behind it.
    func appending(_ tokens: [Int32]) -> Prompt {
        var longer = self
        longer.tokenIDs += tokens
        longer.positions = positions.map { $0 + tokens.indices.map { nextPosition + $0 } }
        longer.nextPosition += tokens.count
        return longer
    }
}
