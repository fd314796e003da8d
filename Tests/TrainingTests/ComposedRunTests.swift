import Foundation
import RunConfig
import TestSupport
import Testing
import Torch

@testable import Training

/// Whole runs computed as on CUDA (LibTorch's operators instead of our kernels), on the CPU, against LLaMA-Factory's traces.
struct ComposedRunTests {
    @Test(arguments: ["text-bs2-ga3", "full-text-decay", "vision-bs1-ga4", "full-vision", "neat-packing"])
    func `a run computed as on CUDA logs LLaMA-Factory's losses, by operators that CUDA has`(_ name: String) throws {
        let folder = "\(Place.fixtures)/traces/\(name)"
        let trace = try read(TraceTests.Trace.self, "\(folder)/trace.json"), output = try TemporaryFolder()
        let config = try RunConfig.load(
            file: "\(folder)/train.yaml",
            overrides: RunSettings.places(
                model: name.contains("vision") ? "qwen2.5-vl" : "qwen2", output: output.path,
                adapter: !name.hasPrefix("full")))
        let run = try TrainingRun(config)
        let data = try run.loadData()
        _ = try OutputFolder.prepare(config)
        let (outcome, operators) = try TensorThread.cpu.run {
            ComposedOperators.record()
            let outcome = try ComposedOperators.use { try run.train(data, resume: nil) }
            return (outcome, ComposedOperators.recorded)
        }
        #expect(outcome == .finished)
        func values(_ log: [[String: Double]], _ key: String) -> [Double] { log.compactMap { $0[key] } }
        let ours = try StateFile(folder: output.path).log_history
        for key in ["loss", "grad_norm"] {
            let own = values(ours, key), theirs = values(trace.log_history, key)
            #expect(own.count == theirs.count && own.count > 4)
            for (step, (a, b)) in zip(own, theirs).enumerated() {
                #expect(relativeDifference(a, b) <= 1e-4, "\(name) step \(step + 1): \(key) \(a), expected \(b)")
            }
        }
        #expect(operators.count > 40)
        // Checked where the CUDA libraries lie beside LibTorch; CUDALinkTests says when they do not.
        if ComposedOperators.openLibraries() == nil {
            #expect(ComposedOperators.missingKernels(operators.filter { !$0.contains("_for_cpu") }) == [])
        }
    }
}
