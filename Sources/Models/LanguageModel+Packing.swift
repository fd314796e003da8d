public import NN
public import Torch

extension LanguageModel {
    /// Packs the linear layers of the language model in `code` for generation, the output layer in 16 bits or, beside
    /// quantized layers, 8: their plain weights are given up. A vision tower, norms and the embedding table stay as they
    /// are; an adapter that is not merged stays beside its packed base.
    ///
    /// `progress` hears how many of the layers are done.
    public func pack(_ code: PackedWeight.Code, groupSize: Int = 64, progress: ((Int, Int) -> Void)? = nil) {
        let slots = decoder.linears(), dtype = embeddingDType
        for (index, (_, slot)) in slots.enumerated() {
            if let linear = slot.layer as? Linear {
                linear.pack(code, groupSize: groupSize)
            } else if let lora = slot.layer as? LoRALinear {
                lora.base.pack(code, groupSize: groupSize)
                let selection = AdapterSelection()
                selection.parts = [(number: 0, rows: nil)]
                let layer = AdaptedLinear(lora.base, selection: selection)
                layer.add(0, lora, dtype: dtype)
                slot.layer = layer
            }
            progress?(index + 1, slots.count + 1)
        }
        packedOutput = PackedWeight(outputWeight, code: code == .bf16 ? .bf16 : .int8, groupSize: groupSize)
        progress?(slots.count + 1, slots.count + 1)
    }

    /// The layers that `load` quantizes for training: all linear ones, a vision tower's too, but not the output layer. That
    /// is transformers' rule for bitsandbytes (`get_keys_to_not_convert`).
    public var quantizableLayers: [(path: String, layer: Linear)] {
        linears().compactMap { path, slot in
            path == "lm_head" ? nil : (slot.layer as? Linear).map { (path, $0) }
        }
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
