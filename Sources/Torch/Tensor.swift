import CTorch

/// A reference to a LibTorch tensor.
///
/// Tensors belong to the thread that made them (`TensorThread`): LibTorch keeps grad mode and errors per thread. That
/// is why the type is not `Sendable`. An operator that fails returns an empty reference and records the failure; the
/// surrounding `scope` throws it with the operator's name and shapes, so arithmetic stays readable.
public final class Tensor {
    let handle: OpaquePointer?

    /// Takes over one reference.
    init(_ handle: OpaquePointer?) { self.handle = handle }

    deinit { ct_free(handle) }

    /// The empty reference: what an operator that failed returns.
    public static var undefined: Tensor { Tensor(nil) }

    // MARK: creation

    /// Uninitialised memory. Like everything that is made, it lies on `Device.current`.
    public static func empty(_ shape: [Int], _ dtype: DType = .float32) -> Tensor {
        Tensor(withShape(shape) { ct_empty($0, $1, dtype.rawValue) })
    }

    public static func full(_ shape: [Int], _ value: Double, _ dtype: DType = .float32) -> Tensor {
        Tensor(withShape(shape) { ct_full($0, $1, value, dtype.rawValue) })
    }

    public static func zeros(_ shape: [Int], _ dtype: DType = .float32) -> Tensor { full(shape, 0, dtype) }
    public static func ones(_ shape: [Int], _ dtype: DType = .float32) -> Tensor { full(shape, 1, dtype) }

    /// start, start + step, … below end.
    public static func arange(_ start: Double, _ end: Double, step: Double = 1, _ dtype: DType = .float32) -> Tensor {
        Tensor(ct_arange(start, end, step, dtype.rawValue))
    }

    /// A copy of `values` in row-major order; `shape` defaults to one dimension.
    public convenience init<Element: TensorElement>(_ values: [Element], shape: [Int]? = nil) {
        let shape = shape ?? [values.count]
        precondition(shape.reduce(1, *) == values.count, "\(values.count) values do not fill shape \(shape)")
        self.init(
            values.withUnsafeBytes { bytes in
                // An empty array has no address; LibTorch still wants one.
                let base = bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 16)!
                return withShape(shape) { ct_from_memory(base, $0, $1, Element.dtype.rawValue) }
            })
    }

    // MARK: facts

    public var rank: Int { Int(ct_rank(handle)) }
    public var shape: [Int] { (0..<rank).map { Int(ct_size(handle, Int32($0))) } }
    public func size(_ dim: Int) -> Int { Int(ct_size(handle, Int32(dim))) }
    public var count: Int { Int(ct_numel(handle)) }
    public var dtype: DType { DType(rawValue: ct_dtype(handle)) ?? .float32 }
    public var byteCount: Int { count * dtype.byteCount }
    /// False for the result of an operator that failed.
    public var isDefined: Bool { handle != nil }
    /// The one element, converted; waits for the device.
    public var item: Double { ct_item(handle) }
    public var allFinite: Bool { ct_all_finite(handle) }

    /// All elements in row-major order, converted to `Element`'s dtype.
    public func array<Element: TensorElement>(_ type: Element.Type = Element.self) -> [Element] {
        let source = to(Element.dtype).contiguous().to(.cpu)
        guard let base = ct_data(source.handle) else { return [] }
        return Array(UnsafeBufferPointer(start: base.assumingMemoryBound(to: Element.self), count: source.count))
    }

    /// The bytes of the elements in row-major order on the CPU, valid inside `body`.
    public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        let source = contiguous().to(.cpu)
        return try withExtendedLifetime(source) {
            try body(UnsafeRawBufferPointer(start: ct_data(source.handle), count: source.byteCount))
        }
    }
}

/// Swift types that are tensor elements.
public protocol TensorElement: Sendable {
    static var dtype: DType { get }
}
extension Float: TensorElement { public static var dtype: DType { .float32 } }
extension Double: TensorElement { public static var dtype: DType { .float64 } }
extension Int: TensorElement { public static var dtype: DType { .int64 } }
extension Int64: TensorElement { public static var dtype: DType { .int64 } }
extension Int32: TensorElement { public static var dtype: DType { .int32 } }
extension UInt8: TensorElement { public static var dtype: DType { .uint8 } }

func withShape<Result>(_ shape: [Int], _ body: (UnsafePointer<Int64>, Int32) -> Result) -> Result {
    // One spare entry: a scalar's shape is empty, and its address must still be one.
    let wide = shape.map(Int64.init) + [0]
    return wide.withUnsafeBufferPointer { body($0.baseAddress!, Int32(shape.count)) }
}
