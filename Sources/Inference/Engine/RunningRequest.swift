import Models
import Torch

/// Hears what happens to a request, on the tensor thread; false ends it.
typealias EventSink = @Sendable (Result<GenerationEvent, any Error>) -> Bool

/// A request on its way, as the tensor thread sees it.
struct RunningRequest {
    let request: GenerationRequest
    /// Number of its adapter; nil for the model itself.
    let adapter: Int?
    /// Tokens the answer may have.
    let limit: Int
    let deliver: EventSink
    var sampler: Sampler
    var numWritten = 0
    var hasStarted = false
    /// Whether the client knows that the thought was closed.
    var closingReported = false
    /// Log-probabilities of the prompt's tokens so far, when they are wanted.
    var promptLogprobs: [[TokenLogprob]] = []
    /// The tower's output for images and videos, kept while the prompt is read.
    var features: [MediaFeatures]?

    init(_ request: GenerationRequest, adapter: Int?, limit: Int, deliver: @escaping EventSink) {
        self.request = request
        self.adapter = adapter
        self.limit = limit
        self.deliver = deliver
        sampler = Sampler(request)
    }

    /// Positions of token `index` of prompt and answer along `axis`.
    func position(_ index: Int, axis: Int) -> Int {
        let prompt = request.prompt
        guard index < prompt.tokenIDs.count else { return prompt.nextPosition + index - prompt.tokenIDs.count }
        return prompt.positions[prompt.positions.count == 1 ? 0 : axis][index]
    }
}

/// Features of one kind of media of a prompt.
struct MediaFeatures {
    /// The tokens that stand for them, ascending.
    let tokens: [Int]
    /// [tokens, D].
    let values: Tensor
}
