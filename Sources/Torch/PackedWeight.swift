import CTorch

/// The frozen weight [out, in] of a linear layer: in 16 bits as it is, in the order in which products read it, or quantized
/// to 8 or 4 bits.
///
/// Quantized, every `groupSize` inputs of an output share an fp16 scale. 8 bits are integers up to ±127; 4 bits are the
/// codes of bitsandbytes, so that a value is one of sixteen times the scale.
public struct PackedWeight {
    /// How weights are written.
    public enum Code: String, Sendable {
        /// The weight itself; needs `isSupported` and an even number of inputs.
        case bf16
        case int8
        /// QLoRA's values, spaced as those of a normal distribution.
        case nf4
        /// A sign, two bits of exponent, one of mantissa.
        case fp4

        /// Whether this machine has the products; those of quantized weights it has always.
        public var isSupported: Bool { self != .bf16 || ct_packs_bf16() }
    }

    /// What a product must know of the bytes.
    public struct Encoding: Sendable, Equatable {
        public let code: Code
        public let groupSize: Int
        /// [out, in].
        public let shape: [Int]

        var description: ct_packing {
            let bits: Int32 =
                switch code {
                case .bf16: 16
                case .int8: 8
                case .nf4, .fp4: 4
                }
            return ct_packing(
                bits: bits, code: Int32(code == .fp4 ? CT_CODE_FP4 : CT_CODE_NF4), group: Int64(groupSize),
                outs: Int64(shape.first ?? 0), size: Int64(shape.last ?? 0))
        }
    }

    /// Codes and scales, or panels of the weight: uint8.
    public let bytes: Tensor
    public let encoding: Encoding

    /// Packs a weight [out, in] (fp32 or bfloat16). Group sizes are 32, 64 and 128.
    public init(_ weight: Tensor, code: Code, groupSize: Int = 64) {
        encoding = Encoding(code: code, groupSize: groupSize, shape: weight.shape)
        bytes = Tensor(ct_pack(weight.handle, encoding.description))
    }

    /// The weight [out, in] that the bytes stand for.
    public func unpacked(_ dtype: DType) -> Tensor {
        Tensor(ct_unpack(bytes.handle, encoding.description, dtype.rawValue))
    }

    /// The projection by this weight.
    public func projection(bias: Tensor? = nil) -> Projection {
        var projection = Projection(weight: bytes, bias: bias)
        projection.encoding = encoding
        return projection
    }
}
