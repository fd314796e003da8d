import CTorch

extension Tensor {
    // MARK: dtype and memory

    public func to(_ dtype: DType) -> Tensor {
        self.dtype == dtype ? self : Tensor(ct_to_dtype(handle, dtype.rawValue))
    }
    public func contiguous() -> Tensor { ct_is_contiguous(handle) ? self : Tensor(ct_contiguous(handle)) }
    public func clone() -> Tensor { Tensor(ct_clone(handle)) }
    /// The same memory outside the graph.
    public func detach() -> Tensor { Tensor(ct_detach(handle)) }
    public func copy(from source: Tensor) { ct_copy_(handle, source.handle) }
    public func fill(_ value: Double) { ct_fill_(handle, value) }
    /// self += scale * other.
    public func add(_ other: Tensor, scale: Double = 1) { ct_add_scaled_(handle, other.handle, scale) }
    /// self *= factor.
    public func scale(by factor: Double) { ct_mul_scalar_(handle, factor) }

    // MARK: shape

    public func reshape(_ shape: [Int]) -> Tensor { Tensor(withShape(shape) { ct_reshape(handle, $0, $1) }) }
    public func reshape(_ shape: Int...) -> Tensor { reshape(shape) }
    public func transpose(_ a: Int, _ b: Int) -> Tensor { Tensor(ct_transpose(handle, Int32(a), Int32(b))) }
    /// The matrix transpose.
    public var t: Tensor { transpose(-2, -1) }
    public func permute(_ order: Int...) -> Tensor { Tensor(withShape(order) { ct_permute(handle, $0, $1) }) }
    public func expand(_ shape: Int...) -> Tensor { Tensor(withShape(shape) { ct_expand(handle, $0, $1) }) }
    public func unsqueeze(_ dim: Int) -> Tensor { Tensor(ct_unsqueeze(handle, Int32(dim))) }
    /// Rows `start ..< start + length` of `dim`, sharing memory.
    public func narrow(_ dim: Int, _ start: Int, _ length: Int) -> Tensor {
        Tensor(ct_narrow(handle, Int32(dim), Int64(start), Int64(length)))
    }
    public func select(_ dim: Int, _ index: Int) -> Tensor { Tensor(ct_select(handle, Int32(dim), Int64(index))) }
    public subscript(_ range: Range<Int>) -> Tensor { narrow(0, range.lowerBound, range.count) }
    public func rows(_ index: Tensor) -> Tensor { Tensor(ct_index_select(handle, 0, index.handle)) }
    /// A copy in which the rows at `index` (int64 [n]) are `rows` [n, …].
    public func replacingRows(at index: Tensor, with rows: Tensor) -> Tensor {
        Tensor(ct_index_put_rows(handle, index.handle, rows.handle))
    }

    public static func cat(_ tensors: [Tensor], dim: Int = 0) -> Tensor {
        tensors.count == 1 ? tensors[0] : Tensor(withHandles(tensors) { ct_cat($0, $1, Int32(dim)) })
    }
    public static func stack(_ tensors: [Tensor], dim: Int = 0) -> Tensor {
        Tensor(withHandles(tensors) { ct_stack($0, $1, Int32(dim)) })
    }

    // MARK: arithmetic

    public static func + (a: Tensor, b: Tensor) -> Tensor { Tensor(ct_add(a.handle, b.handle)) }
    public static func - (a: Tensor, b: Tensor) -> Tensor { Tensor(ct_sub(a.handle, b.handle)) }
    public static func * (a: Tensor, b: Tensor) -> Tensor { Tensor(ct_mul(a.handle, b.handle)) }
    public static func / (a: Tensor, b: Tensor) -> Tensor { Tensor(ct_div(a.handle, b.handle)) }
    public static func + (a: Tensor, b: Double) -> Tensor { Tensor(ct_add_scalar(a.handle, b)) }
    public static func - (a: Tensor, b: Double) -> Tensor { Tensor(ct_add_scalar(a.handle, -b)) }
    public static func * (a: Tensor, b: Double) -> Tensor { Tensor(ct_mul_scalar(a.handle, b)) }
    public static func / (a: Tensor, b: Double) -> Tensor { Tensor(ct_mul_scalar(a.handle, 1 / b)) }
    public static prefix func - (a: Tensor) -> Tensor { Tensor(ct_neg(a.handle)) }
    public func pow(_ exponent: Double) -> Tensor { Tensor(ct_pow_scalar(handle, exponent)) }
    public func exp() -> Tensor { Tensor(ct_exp(handle)) }
    public func log() -> Tensor { Tensor(ct_log(handle)) }
    public func sin() -> Tensor { Tensor(ct_sin(handle)) }
    public func cos() -> Tensor { Tensor(ct_cos(handle)) }
    public func sqrt() -> Tensor { Tensor(ct_sqrt(handle)) }
    public func rsqrt() -> Tensor { Tensor(ct_rsqrt(handle)) }
    public func silu() -> Tensor { Tensor(ct_silu(handle)) }
    public func gelu(tanhApproximation: Bool = false) -> Tensor { Tensor(ct_gelu(handle, tanhApproximation)) }
    public func sigmoid() -> Tensor { Tensor(ct_sigmoid(handle)) }
    public func softmax(_ dim: Int = -1) -> Tensor { Tensor(ct_softmax(handle, Int32(dim))) }
    public func logSoftmax(_ dim: Int = -1) -> Tensor { Tensor(ct_log_softmax(handle, Int32(dim))) }
    public func masked(where mask: Tensor, value: Double) -> Tensor {
        Tensor(ct_masked_fill(handle, mask.handle, value))
    }
    /// Elements below `bound`, as a mask.
    public func less(than bound: Double) -> Tensor { Tensor(ct_less(handle, bound)) }
    public func dropout(_ probability: Double) -> Tensor { Tensor(ct_dropout(handle, probability)) }

    // MARK: reductions and order

    public func sum() -> Tensor { Tensor(ct_sum(handle)) }
    public func sum(_ dim: Int, keep: Bool = false) -> Tensor { Tensor(ct_sum_dim(handle, Int32(dim), keep)) }
    public func mean(_ dim: Int, keep: Bool = false) -> Tensor { Tensor(ct_mean_dim(handle, Int32(dim), keep)) }
    public func max(_ dim: Int) -> Tensor { Tensor(ct_max_dim(handle, Int32(dim))) }
    public func argmax(_ dim: Int = -1) -> Tensor { Tensor(ct_argmax(handle, Int32(dim))) }
    public func argsort(descending: Bool = false) -> Tensor { Tensor(ct_argsort(handle, descending)) }
    public func cumulativeSum(_ dim: Int = -1) -> Tensor { Tensor(ct_cumsum(handle, Int32(dim))) }
    /// Elements of the last dimension at `index` (int64, same leading shape).
    public func gather(_ index: Tensor) -> Tensor { Tensor(ct_gather_last(handle, index.handle)) }
    /// One index drawn from each row of probabilities.
    public func multinomial() -> Tensor { Tensor(ct_multinomial(handle)) }

    // MARK: products

    public func matmul(_ other: Tensor) -> Tensor { Tensor(ct_matmul(handle, other.handle)) }
    /// x W^T + b, weight [out, in].
    public func linear(_ weight: Tensor, _ bias: Tensor? = nil) -> Tensor {
        Tensor(ct_linear(handle, weight.handle, bias?.handle ?? nil))
    }
    /// Rows of this [V, D] table at int64 `ids`.
    public func embedding(_ ids: Tensor) -> Tensor { Tensor(ct_embedding(handle, ids.handle)) }

    // MARK: random

    /// fp32 draws from U(low, high) on `Device.current`. They come from the CPU's generator, so that every device starts
    /// from the same numbers.
    public static func uniform(_ shape: [Int], _ low: Double, _ high: Double) -> Tensor {
        let values = Tensor(withShape(shape) { ct_empty_cpu($0, $1, DType.float32.rawValue) })
        values.fillUniform(low, high)
        return values.to(.current)
    }
    /// Fills with U(low, high) from the process's generator, as torch.Tensor.uniform_.
    public func fillUniform(_ low: Double = 0, _ high: Double = 1) { ct_uniform_(handle, low, high) }
    /// Fills with N(mean, std), as torch.Tensor.normal_.
    public func fillNormal(mean: Double = 0, std: Double = 1) { ct_normal_(handle, mean, std) }
}

func withHandles<Result>(_ tensors: [Tensor], _ body: (UnsafePointer<OpaquePointer?>, Int32) -> Result) -> Result {
    let handles = tensors.map(\.handle) + [nil]
    return withExtendedLifetime(tensors) {
        handles.withUnsafeBufferPointer { body($0.baseAddress!, Int32(tensors.count)) }
    }
}
