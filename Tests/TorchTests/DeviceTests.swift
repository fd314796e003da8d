import Foundation
import Testing

@testable import Torch

/// Devices: what can be said about CUDA on a machine with and without it.
struct DeviceTests {
    @Test func `a tensor that is made lies on the current device, and reading it brings it to the CPU`() throws {
        try TensorThread.cpu.run {
            let tensor = Tensor([1.5, 2.5] as [Float])
            #expect(tensor.device == Device.current)
            #expect(tensor.to(.cpu).device == .cpu)
            #expect(tensor.to(.cpu).array(Float.self) == [1.5, 2.5])
            #expect(tensor.to(.current, .float64).array(Double.self) == [1.5, 2.5])
        }
    }

    @Test func `asking for a device that is not there is an error with the reason`() throws {
        guard Device.cudaReason != "" else { return }
        try TensorThread.cpu.run {
            let error = #expect(throws: DeviceError.self) { try Device.choose(.cuda) }
            #expect(error.map { $0.description.contains(Device.cudaReason) } ?? false)
            #expect(error.map { $0.description.contains("anneal env") } ?? false)
            let chosen = try Device.choose(.auto)
            #expect(chosen == .cpu)
            #expect(throws: TensorError.self) { try scope { _ = Tensor([1] as [Float]).to(.cuda(7)) } }
            #expect(Device.report.contains { $0.name == "CUDA" && $0.value.contains(Device.cudaReason) })
        }
    }

    @Test func `draws that start a run come from the CPU's generator`() throws {
        try TensorThread.cpu.run {
            Runtime.seed(7)
            let drawn = Tensor.uniform([3], -1, 1).array(Float.self)
            Runtime.seed(7)
            let plain = Tensor.empty([3])
            plain.fillUniform(-1, 1)
            #expect(drawn == plain.array(Float.self))
        }
    }

    @Test func `recording names the operators that ran`() throws {
        try TensorThread.cpu.run {
            ComposedOperators.record()
            _ = Tensor.ones([2]) + Tensor.ones([2])
            #expect(ComposedOperators.recorded.contains("aten::add.Tensor"))
        }
    }
}
