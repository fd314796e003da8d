public import Torch

/// What an objective makes of a pack.
public struct PackLoss {
    /// The pack's share of the step's loss.
    public let value: Double
    /// Labels that had the largest logit; nil where nobody counts them.
    public let numHits: Int?
    /// What is logged beside the loss.
    public let curves: CurveSums
    private let root: Tensor
    private let gradient: Tensor?

    /// A loss that is a scalar with a graph.
    public init(_ loss: Tensor, numHits: Int? = nil, curves: CurveSums = CurveSums()) {
        (root, gradient) = (loss, nil)
        value = loss.detach().item
        self.numHits = numHits
        self.curves = curves
    }

    /// A loss that was computed from `outputs` outside the graph: `gradient` holds its derivatives with respect to them.
    public init(value: Double, outputs: Tensor, gradient: [Float], curves: CurveSums) {
        self.value = value
        root = outputs
        self.gradient = Tensor(gradient)
        numHits = nil
        self.curves = curves
    }

    /// Adds the gradients to the trained parameters. A pack may reach none: text alone while only the vision side is trained.
    public func backward() {
        if root.requiresGrad { root.backward(gradient) }
    }
}
