import Models
import NN
import Torch

/// Decodes several prompts together: their prompts in packed forward passes, then one token of every unfinished answer a
/// pass. All of it runs on the tensor thread.
final class PackedEngine {
    /// One answer to be written.
    struct Request {
        let prompt: Prompt
        let sampling: SamplingSettings
        let stopIDs: Set<Int32>
        /// Distinguishes the random draws of requests of one seed.
        let stream: UInt64
    }

    private let model: LanguageModel
    /// Prompt tokens of one forward pass; a longer prompt gets a pass of its own.
    private let tokensPerPass: Int

    init(_ model: LanguageModel, tokensPerPass: Int = 4096) {
        self.model = model
        self.tokensPerPass = tokensPerPass
    }

    /// Answers in the order of the requests. `onToken` hears the request's index and each token of its answer, and ends
    /// the answer by returning false.
    func generate(_ requests: [Request], onToken: (Int, Int32) -> Bool) throws -> [Completion] {
        try noGrad {
            var sequences = requests.map { RunningSequence($0, numLayers: model.config.text.numLayers) }
            for pass in passes(requests) {
                let logits = try scope("reading the prompt") { self.prefill(pass.map { sequences[$0] }) }
                try advance(&sequences, pass, logits, onToken)
            }
            while true {
                let active = sequences.indices.filter { sequences[$0].finish == nil }
                if active.isEmpty { break }
                let logits = try scope("writing the answer") { self.decode(active.map { sequences[$0] }) }
                try advance(&sequences, active, logits, onToken)
            }
            return sequences.map(\.completion)
        }
    }

    /// Requests whose prompts share a pass; answers of no length need none.
    private func passes(_ requests: [Request]) -> [[Int]] {
        var passes: [[Int]] = []
        var numTokens = 0
        for (index, request) in requests.enumerated()
        where request.sampling.limit(promptLength: request.prompt.tokenIDs.count) > 0 {
            let count = request.prompt.tokenIDs.count
            if passes.isEmpty || numTokens + count > tokensPerPass {
                passes.append([])
                numTokens = 0
            }
            passes[passes.count - 1].append(index)
            numTokens += count
        }
        return passes
    }

    /// Logits [n, V] after the last token of each prompt.
    private func prefill(_ sequences: [RunningSequence]) -> Tensor {
        let input = ModelInput(sequences.map(\.request.prompt), vision: model.config.vision)
        let hidden = model.hiddenStates(input, caches: sequences.map(\.cache))
        return model.logits(hidden.rows(Tensor(input.offsets.dropFirst().map { $0 - 1 })))
    }

    /// Logits [n, V] after the newest token of each answer.
    private func decode(_ sequences: [RunningSequence]) -> Tensor {
        let positions = sequences.map { $0.request.prompt.nextPosition + $0.completion.tokenIDs.count - 1 }
        let input = ModelInput(
            tokenIDs: Tensor(sequences.map { Int($0.completion.tokenIDs.last ?? 0) }),
            positions: Array(repeating: positions, count: model.config.vision == nil ? 1 : 3),
            offsets: Array(0...sequences.count))
        return model.logits(model.hiddenStates(input, caches: sequences.map(\.cache)))
    }

    /// Takes the next token of each sequence of `active` from its row of logits.
    private func advance(
        _ sequences: inout [RunningSequence], _ active: [Int], _ logits: Tensor, _ onToken: (Int, Int32) -> Bool
    ) throws {
        let likeliest = try scope("choosing the token") { logits.argmax().array(Int32.self) }
        for (row, index) in active.enumerated() {
            var id = likeliest[row]
            if !sequences[index].sampler.isPlainGreedy {
                let values = try scope("choosing the token") { logits.select(0, row).array(Float.self) }
                id = sequences[index].sampler.next(values)
            }
            sequences[index].take(id) { onToken(index, id) }
        }
    }
}

/// One answer on its way.
struct RunningSequence {
    let request: PackedEngine.Request
    let cache: KeyValueCache
    var sampler: Sampler
    private(set) var completion = Completion()
    /// Nil while the answer goes on.
    private(set) var finish: Completion.Finish?
    private let limit: Int

    init(_ request: PackedEngine.Request, numLayers: Int) {
        self.request = request
        cache = KeyValueCache(numLayers: numLayers)
        sampler = Sampler(request.sampling, stream: request.stream, prompt: request.prompt.tokenIDs)
        limit = request.sampling.limit(promptLength: request.prompt.tokenIDs.count)
        if limit == 0 { finish = .length }
    }

    mutating func take(_ id: Int32, report: () -> Bool) {
        if request.stopIDs.contains(id) {
            finish = .stop
        } else {
            completion.tokenIDs.append(id)
            let goesOn = report()
            finish = goesOn ? (completion.tokenIDs.count >= limit ? .length : nil) : .cancelled
        }
        if let finish { completion.finish = finish }
    }
}
