import NN
public import Torch

extension LanguageModel {
    /// Turns the linear layers of the language model into `code`, and the output layer into 8 bits, for generation:
    /// their plain weights are given up. A vision tower, norms and the embedding table stay as they are, as do
    /// layers with an adapter that is not merged, whose base is quantized beneath it.
    ///
    /// `progress` hears how many of the layers are done.
    public func quantize(_ code: QuantizedWeight.Code, groupSize: Int = 64, progress: ((Int, Int) -> Void)? = nil) {
        let slots = decoder.linears()
        noGrad {
            for (index, (_, slot)) in slots.enumerated() {
                if let linear = slot.layer as? Linear {
                    slot.layer = QuantizedLinear(linear, code: code, groupSize: groupSize)
                } else if let lora = slot.layer as? LoRALinear {
                    slot.layer = Self.quantized(lora, code, groupSize)
                }
                progress?(index + 1, slots.count + 1)
            }
            quantizedOutput = QuantizedWeight(outputWeight, code: .int8, groupSize: groupSize)
            progress?(slots.count + 1, slots.count + 1)
        }
    }

    private static func quantized(_ lora: LoRALinear, _ code: QuantizedWeight.Code, _ groupSize: Int) -> AdaptedLinear {
        let dtype = lora.base.weight.value.dtype
        let selection = AdapterSelection()
        selection.parts = [(number: 0, rows: nil)]
        let layer = AdaptedLinear(
            QuantizedLinear(lora.base, code: code, groupSize: groupSize), selection: selection)
        layer.add(
            0, a: lora.a.value.detach().to(dtype),
            bt: (lora.b.value.detach().to(.float32) * lora.scale).t.contiguous())
        return layer
    }

    /// Everything that one decoded token reads: the weights of the layers and of the output layer.
    public var decodedTensors: [Tensor] {
        let layers = decoder.linears().map { _, slot -> Tensor in
            let layer = (slot.layer as? AdaptedLinear)?.base ?? slot.layer
            return layer.projection(of: .plain(Tensor.undefined)).weight
        }
        return layers + [quantizedOutput?.codes ?? outputWeight]
    }
}
