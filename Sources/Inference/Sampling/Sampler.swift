import Basics
import Torch

/// One answer's sampling: its random numbers, the tokens it has seen, and where it stands in its constraint.
struct Sampler {
    private let settings: SamplingSettings
    private let stopIDs: [Int32]
    private let numLikeliest: Int?
    private var random: SplitMix64
    private var constraint: (any TokenConstraintState)?
    /// What may come next under the constraint.
    private var mask: TokenMask?
    /// Closes the thought; nil where nobody asked for it.
    private var thoughts: ThoughtGuard?
    /// Tokens that come next, whatever the model would write.
    private var dictated: [Int32] = []
    private var numWritten = 0
    /// Tokens of the answer, kept only where pieces of text are banned or counted.
    private var written: [Int32] = []
    /// Tokens of prompt and answer and their number in the answer, kept only where a penalty needs them.
    private var seenIDs: [Int32] = []
    private var seenCounts: [Int32] = []
    private var places: [Int32: Int] = [:]

    init(_ request: GenerationRequest) {
        settings = request.sampling
        stopIDs = request.stopIDs.sorted()
        numLikeliest = request.numLogprobs
        random = SplitMix64(seed: settings.seed, stream: request.stream)
        if settings.penalizes { for id in request.prompt.tokenIDs { see(id, inAnswer: 0) } }
        constraint = request.constraint?.start()
        mask = constraint?.allowed()
        thoughts = request.thoughts
        dictated = thoughts?.begin() ?? []
    }

    /// Why the thought was closed; nil while it was not.
    var thoughtClosing: ThoughtGuard.Closing? { thoughts?.closing }

    /// Whether the answer has repeated itself as often as it may.
    var isRepeating: Bool {
        numWritten >= settings.minNewTokens && settings.repetitionLimit?.isReached(by: written) == true
    }

    /// Whether nothing but the end may come.
    var mustEnd: Bool { constraint?.canEnd == true && mask?.isEmpty == true }
    /// Whether the constraint has led to nowhere.
    var isStuck: Bool { constraint?.canEnd == false && mask?.isEmpty == true }

    /// How the next token is chosen; takes the random number for it.
    mutating func row() -> SamplingRow {
        var row = SamplingRow()
        if let id = dictated.first {
            // Nothing else is allowed, so nothing is drawn.
            row.mask = [0]
            row.extraIDs = [id]
            row.numLikeliest = numLikeliest
            return row
        }
        let mayEnd = numWritten >= settings.minNewTokens && constraint?.canEnd != false
        if let mask {
            row.mask = mask.words
            if mayEnd { row.extraIDs = stopIDs }
        }
        if !mayEnd { row.bannedIDs = stopIDs }
        for sequence in settings.bannedSequences where written.suffix(sequence.count - 1) == sequence.dropLast() {
            row.bannedIDs += sequence.suffix(1)
        }
        if !settings.logitBias.isEmpty {
            let biases = settings.logitBias.sorted { $0.key < $1.key }
            row.biasIDs = biases.map(\.key)
            row.biases = biases.map(\.value)
        }
        row.seenIDs = seenIDs
        row.seenCounts = seenCounts
        row.repetition = settings.repetitionPenalty
        row.frequency = settings.frequencyPenalty
        row.presence = settings.presencePenalty
        row.numLikeliest = numLikeliest
        guard settings.isRandom else { return row }
        row.temperature = settings.temperature
        row.topK = max(0, settings.topK)
        row.topP = settings.topP
        row.minP = settings.minP
        row.uniform = random.uniform()
        return row
    }

    /// Remembers a token of the answer; false when the constraint does not know it.
    mutating func accept(_ id: Int32) -> Bool {
        numWritten += 1
        if !settings.bannedSequences.isEmpty || settings.repetitionLimit != nil { written.append(id) }
        if settings.penalizes { see(id, inAnswer: 1) }
        if !dictated.isEmpty {
            dictated.removeFirst()
        } else if thoughts != nil {
            dictated = thoughts?.accept(id) ?? []
        }
        guard constraint?.accept(id) != false else { return false }
        mask = constraint?.allowed()
        return true
    }

    private mutating func see(_ id: Int32, inAnswer count: Int32) {
        if let place = places[id] {
            seenCounts[place] += count
        } else {
            places[id] = seenIDs.count
            seenIDs.append(id)
            seenCounts.append(count)
        }
    }
}

extension SamplingSettings {
    /// Whether the tokens of prompt and answer change the logits.
    var penalizes: Bool { repetitionPenalty != 1 || presencePenalty != 0 || frequencyPenalty != 0 }
}
