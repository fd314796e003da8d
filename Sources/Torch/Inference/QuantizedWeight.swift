import CTorch

/// The weight [out, in] of a linear layer in 8 or 4 bits, for generation.
///
/// Every `groupSize` inputs of an output share a bfloat16 scale. 8 bits are integers up to ±127; 4 bits are the codes of
/// bitsandbytes, so that a value is one of sixteen times the scale.
public struct QuantizedWeight {
    /// How weights are written.
    public enum Code: Sendable, Equatable {
        case int8
        /// QLoRA's values, spaced as those of a normal distribution.
        case nf4
        /// A sign, two bits of exponent, one of mantissa.
        case fp4
    }

    /// What a product must know of the codes.
    public struct Encoding: Sendable, Equatable {
        public let code: Code
        public let groupSize: Int
        /// [out, in].
        public let shape: [Int]

        var description: ct_quantization {
            ct_quantization(
                bits: code == .int8 ? 8 : 4, code: Int32(code == .fp4 ? CT_CODE_FP4 : CT_CODE_NF4),
                group: Int64(groupSize), outs: Int64(shape.first ?? 0), size: Int64(shape.last ?? 0))
        }
    }

    /// The codes and scales, uint8.
    public let codes: Tensor
    public let encoding: Encoding

    /// Quantizes a weight [out, in] (fp32 or bfloat16). Group sizes are 32, 64 and 128.
    public init(_ weight: Tensor, code: Code, groupSize: Int = 64) {
        encoding = Encoding(code: code, groupSize: groupSize, shape: weight.shape)
        codes = Tensor(ct_quantize(weight.handle, encoding.description))
    }

    /// The weight [out, in] that the codes stand for.
    public func dequantized(_ dtype: DType) -> Tensor {
        Tensor(ct_dequantize(codes.handle, encoding.description, dtype.rawValue))
    }

    /// The projection by this weight.
    public func projection(bias: Tensor? = nil) -> Projection {
        var projection = Projection(weight: codes, bias: bias)
        projection.encoding = encoding
        return projection
    }
}
