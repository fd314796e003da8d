import Foundation

/// The bookkeeping of a beam search, step by step as transformers' `_beam_search` for one prompt (`do_sample=False`).
struct BeamSearch {
    /// What transformers gives answers that do not count.
    private static let never: Float = -1e9

    /// Open answers, the best first. At the beginning one that is empty.
    private(set) var open = [Beam(tokens: [], score: 0)]
    private var finished: [Beam] = []
    private let settings: BeamSettings
    private let stopIDs: Set<Int32>
    private let maxNewTokens: Int
    private var numTokens = 0
    /// Whether an open answer may still become better than the finished ones.
    private var canImprove = true

    init(_ settings: BeamSettings, stopIDs: Set<Int32>, maxNewTokens: Int) {
        self.settings = settings
        self.stopIDs = stopIDs
        self.maxNewTokens = maxNewTokens
    }

    /// How many of the likeliest next tokens of each open answer are needed: enough that `numBeams` are left when every
    /// stop token is among them.
    var numCandidates: Int { max(2, 1 + stopIDs.count) * settings.numBeams }

    /// The finished answers, the best first.
    var answers: [Beam] { finished }

    /// Takes the likeliest next tokens of each open answer; false when the search has ended.
    mutating func advance(_ likeliest: [[TokenLogprob]]) -> Bool {
        var candidates: [Beam] = []
        for (beam, tokens) in zip(open, likeliest) {
            for token in tokens.prefix(numCandidates) {
                var longer = beam
                longer.tokens.append((token, tokens))
                longer.score += token.logprob
                longer.stopID = stopIDs.contains(token.id) ? token.id : nil
                candidates.append(longer)
            }
        }
        candidates = Self.best(numCandidates, of: candidates)
        numTokens += 1
        let isLast = numTokens >= maxNewTokens
        let ends = candidates.map { isLast || $0.stopID != nil }
        finish(candidates, ends)
        open = zip(candidates, ends).filter { !$1 }.prefix(settings.numBeams).map(\.0)
        let isFull = finished.count == settings.numBeams
        if let best = open.first?.score, isFull, let worst = finished.last?.score {
            let length = settings.ending == .certain && settings.lengthPenalty > 0 ? maxNewTokens : numTokens
            canImprove = canImprove && best / power(length) > worst
        }
        return canImprove && !open.isEmpty && !(isFull && settings.ending == .early)
    }

    /// Moves those of the first `numBeams` candidates that have ended to the finished answers.
    private mutating func finish(_ candidates: [Beam], _ ends: [Bool]) {
        guard canImprove, !(finished.count == settings.numBeams && settings.ending == .early) else { return }
        let new = zip(candidates, ends).prefix(settings.numBeams).filter(\.1).map { beam, _ in
            var beam = beam
            beam.score /= power(numTokens)
            return beam
        }
        finished = Self.best(settings.numBeams, of: finished + new)
    }

    private func power(_ length: Int) -> Float { Float(pow(Double(length), settings.lengthPenalty)) }

    /// The best, those that came first where scores are equal.
    private static func best(_ count: Int, of beams: [Beam]) -> [Beam] {
        let order = beams.indices.sorted {
            beams[$0].score != beams[$1].score ? beams[$0].score > beams[$1].score : $0 < $1
        }
        return order.prefix(count).map { beams[$0] }
    }
}
