import NN
public import Torch

extension LanguageModel {
    /// Packs the linear layers of the language model in `code` for generation, the output layer in 16 bits or, beside
    /// quantized layers, 8: their plain weights are given up. A vision tower, norms and the embedding table stay as they
    /// are, as do layers with an adapter that is not merged, whose base is packed beneath it.
    ///
    /// `progress` hears how many of the layers are done.
    public func pack(_ code: PackedWeight.Code, groupSize: Int = 64, progress: ((Int, Int) -> Void)? = nil) {
        let slots = decoder.linears()
        noGrad {
            for (index, (_, slot)) in slots.enumerated() {
                if let linear = slot.layer as? Linear {
                    slot.layer = PackedLinear(linear, code: code, groupSize: groupSize)
                } else if let lora = slot.layer as? LoRALinear {
                    slot.layer = Self.packed(lora, code, groupSize)
                }
                progress?(index + 1, slots.count + 1)
            }
            packedOutput = PackedWeight(outputWeight, code: code == .bf16 ? .bf16 : .int8, groupSize: groupSize)
            progress?(slots.count + 1, slots.count + 1)
        }
    }

    private static func packed(_ lora: LoRALinear, _ code: PackedWeight.Code, _ groupSize: Int) -> AdaptedLinear {
        let dtype = lora.base.weight.value.dtype
        let selection = AdapterSelection()
        selection.parts = [(number: 0, rows: nil)]
        let layer = AdaptedLinear(PackedLinear(lora.base, code: code, groupSize: groupSize), selection: selection)
        layer.add(0, lora, dtype: dtype)
        return layer
    }

    /// Whether the weights can be packed as they are: in bfloat16, on a CPU with products of such weights.
    public var packsAsItIs: Bool {
        guard PackedWeight.Code.bf16.isSupported, outputWeight.dtype == .bfloat16, outputWeight.device.isCPU else {
            return false
        }
        return outputWeight.size(1) % 2 == 0 && decoder.linears().allSatisfy { $0.slot.layer.inFeatures % 2 == 0 }
    }

    /// Everything that one decoded token reads: the weights of the layers and of the output layer.
    public var decodedTensors: [Tensor] {
        let layers = decoder.linears().map { _, slot -> Tensor in
            let layer = (slot.layer as? AdaptedLinear)?.base ?? slot.layer
            return layer.projection(of: .plain(Tensor.undefined)).weight
        }
        return layers + [packedOutput?.bytes ?? outputWeight]
    }
}
