public import Torch

/// A linear layer with any number of low-rank adapters beside it, each applied to its own rows of a pass.
public final class AdaptedLinear: LinearLayer {
    public let base: any LinearLayer
    public let selection: AdapterSelection
    /// a [r, in] and bt [r, out] (scale included) by the adapter's number.
    private var adapters: [Int: (a: Tensor, bt: Tensor)] = [:]

    public init(_ base: any LinearLayer, selection: AdapterSelection) {
        self.base = base
        self.selection = selection
    }

    public var inFeatures: Int { base.inFeatures }
    public var outFeatures: Int { base.outFeatures }
    public var members: [Member] { base.members }
    public var isEmpty: Bool { adapters.isEmpty }

    public func add(_ number: Int, a: Tensor, bt: Tensor) { adapters[number] = (a, bt) }
    public func remove(_ number: Int) { adapters[number] = nil }

    public var readsInput: Bool { base.readsInput }

    public func projection(of x: ProjectionInput) -> Projection {
        var projection = base.projection(of: x)
        for (number, rows) in selection.parts {
            if let (a, bt) = adapters[number] { projection.adapters.append(RowAdapter(a: a, bt: bt, rows: rows)) }
        }
        return projection
    }
}

/// Which adapter each row of the present pass belongs to, shared by all layers of a model.
public final class AdapterSelection {
    /// Adapters by number with their rows; nil rows mean all.
    public var parts: [(number: Int, rows: Range<Int>?)] = []

    public init() {}
}
