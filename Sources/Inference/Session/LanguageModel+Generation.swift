import Models
import NN
import Reporting
import Torch

extension LanguageModel {
    /// Packs the weights for generation: quantized as wanted, otherwise as they are, where the machine has products of
    /// packed weights and memory for the copy. A checkpoint's own pages are read slower: they are small, lie askew, and
    /// the first pass waits for each.
    func packForGeneration(_ quantization: WeightQuantization?) throws {
        let numBytes = parameters().reduce(0) { $0 + ($1.parameter.tensor?.byteCount ?? 0) }
        let fits = packsAsItIs && numBytes < CacheBudget.freeBytes() / 4 * 3
        guard let code = quantization?.code ?? (fits ? .bf16 : nil) else { return }
        let title = quantization == nil ? "packing weights" : "quantizing"
        var bar: ProgressBar?
        try scope("\(title)") {
            pack(code) { numDone, total in
                let shown = bar ?? ProgressBar(title: title, unit: "layer", total: total, delaySeconds: 1)
                shown.update(step: numDone)
                bar = shown
            }
        }
        bar?.finish()
    }
}
