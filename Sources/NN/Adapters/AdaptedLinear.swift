public import Torch

/// A linear layer with any number of low-rank adapters beside it, each applied to its own rows of a pass.
public final class AdaptedLinear: LinearLayer {
    public let base: any LinearLayer
    public let selection: AdapterSelection
    /// By the adapter's number.
    private var adapters: [Int: RowAdapter] = [:]

    public init(_ base: any LinearLayer, selection: AdapterSelection) {
        self.base = base
        self.selection = selection
    }

    public var inFeatures: Int { base.inFeatures }
    public var outFeatures: Int { base.outFeatures }
    public var members: [Member] { base.members }
    public var isEmpty: Bool { adapters.isEmpty }

    /// Puts an adapter beside the layer, its input side in `dtype`, that of the passes.
    public func add(_ number: Int, _ lora: LoRALinear, dtype: DType) {
        adapters[number] = RowAdapter(a: lora.a.value.detach().to(dtype), b: lora.b.value, scale: lora.scale)
    }
    public func remove(_ number: Int) { adapters[number] = nil }

    public var readsInput: Bool { base.readsInput }

    public func projection(of x: ProjectionInput) -> Projection {
        var projection = base.projection(of: x)
        for (number, rows) in selection.parts {
            guard var adapter = adapters[number] else { continue }
            adapter.rows = rows
            projection.adapters.append(adapter)
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
