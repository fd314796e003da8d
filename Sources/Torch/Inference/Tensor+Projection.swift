import CTorch

/// A low-rank adapter on some rows of a projection's input.
public struct RowAdapter {
    /// [r, in].
    let a: Tensor
    /// The output side with the adapter's scale, in the order in which projections read it.
    let tiles: Tensor
    /// Nil for all rows.
    public var rows: Range<Int>?

    /// - Parameter b: [out, r].
    public init(a: Tensor, b: Tensor, scale: Double = 1, rows: Range<Int>? = nil) {
        self.a = a
        tiles = Tensor(ct_adapter_tiles(b.handle, scale))
        self.rows = rows
    }
}

extension Tensor {
    /// All `projections` of this [T, in] input without a graph. Up to `fewRows` rows are computed at the speed at which
    /// the weights are read, each row with the same result whatever is beside it.
    public func inferProject(_ projections: [Projection]) -> [Tensor] {
        withProjections(projections) { descriptions in
            var outputs = [OpaquePointer?](repeating: nil, count: projections.count)
            _ = outputs.withUnsafeMutableBufferPointer { output in
                ct_infer_project(handle, descriptions, Int32(projections.count), output.baseAddress!)
            }
            return outputs.map { Tensor($0) }
        }
    }

    /// silu(x W_gate^T) * (x W_up^T) without a graph.
    public func inferGated(gate: Projection, up: Projection) -> Tensor {
        withProjections([gate, up]) { Tensor(ct_infer_gated(handle, $0)) }
    }

    /// Rows up to which a projection is bound by reading the weights.
    public static var fewRows: Int { Int(ct_infer_few_rows()) }

    /// Logits [T, V] in fp32 of this [T, D] and an output layer [V, D]; without bias and adapters.
    public func logits(_ layer: Projection) -> Tensor { withProjections([layer]) { Tensor(ct_logits(handle, $0)) } }

    private func withProjections<Result>(
        _ projections: [Projection], _ body: (UnsafePointer<ct_infer_projection>) -> Result
    ) -> Result {
        let numRows = size(0)
        // Adapters that are trained in place are brought into the same form.
        let own = projections.map { projection -> [RowAdapter] in
            guard let lora = projection.lora else { return projection.adapters }
            return projection.adapters + [RowAdapter(a: lora.a.detach(), b: lora.b, scale: lora.scale)]
        }
        let adapters = own.joined().compactMap { adapter -> ct_row_adapter? in
            let rows = adapter.rows ?? 0..<numRows
            // An operator that failed left no tensor; its error is recorded already.
            guard let a = adapter.a.handle, let tiles = adapter.tiles.handle else { return nil }
            return ct_row_adapter(a: a, b: tiles, first_row: Int64(rows.lowerBound), num_rows: Int64(rows.count))
        }
        return withExtendedLifetime((projections, own)) {
            adapters.withUnsafeBufferPointer { adapterBuffer in
                var first = 0
                var descriptions: [ct_infer_projection] = []
                for (projection, ownAdapters) in zip(projections, own) {
                    let count = min(ownAdapters.count, adapterBuffer.count - first)
                    descriptions.append(
                        ct_infer_projection(
                            weight: projection.weight.handle,
                            packing: projection.encoding?.description ?? ct_packing(),
                            bias: projection.bias?.handle ?? nil,
                            adapters: adapterBuffer.baseAddress.map { $0 + first }, num_adapters: Int32(count)))
                    first += count
                }
                return descriptions.withUnsafeBufferPointer { body($0.baseAddress!) }
            }
        }
    }
}
