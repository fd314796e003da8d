import Basics
import NN
import Torch

/// The adapters that are served beside the weights of one model: put on and taken away while it generates.
public final class ServedAdapters {
    private let model: LanguageModel
    private let selection = AdapterSelection()
    private var nextNumber = 1

    public init(_ model: LanguageModel) { self.model = model }

    /// Loads a PEFT folder and returns the adapter's number.
    ///
    /// - Throws: `FileError` when the adapter does not fit this model; it names the tensor and the shapes.
    public func load(folder: String) throws -> Int {
        // Loaded as for training onto the bare layers, then taken off again.
        let slots = model.linears()
        let before = slots.map(\.slot.layer)
        for (_, slot) in slots {
            while let adapted = slot.layer as? AdaptedLinear { slot.layer = adapted.base }
        }
        let bare = slots.map(\.slot.layer)
        defer {
            for ((_, slot), layer) in zip(slots, before) where !(slot.layer is AdaptedLinear) { slot.layer = layer }
        }
        try model.loadLoRA(folder: folder)
        let number = nextNumber
        nextNumber += 1
        for (index, (_, slot)) in slots.enumerated() {
            guard let lora = slot.layer as? LoRALinear, bare[index] !== lora else { continue }
            let dtype = model.embeddingDType
            let own = (before[index] as? AdaptedLinear).flatMap { $0.selection === selection ? $0 : nil }
            let layer = own ?? AdaptedLinear(before[index], selection: selection)
            layer.add(number, lora, dtype: dtype)
            slot.layer = layer
        }
        return number
    }

    /// Takes an adapter away; layers without any become what they were.
    public func unload(_ number: Int) {
        for (_, slot) in model.linears() {
            guard let adapted = slot.layer as? AdaptedLinear, adapted.selection === selection else { continue }
            adapted.remove(number)
            if adapted.isEmpty { slot.layer = adapted.base }
        }
    }

    /// Runs `body` with adapters on the rows of its passes; nil rows mean all.
    public func with<Result>(_ parts: [(number: Int, rows: Range<Int>?)], _ body: () throws -> Result) rethrows
        -> Result
    {
        selection.parts = parts
        defer { selection.parts = [] }
        return try body()
    }
}
