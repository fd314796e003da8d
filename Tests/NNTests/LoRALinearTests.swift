import Testing
import Torch

@testable import NN

struct LoRALinearTests {
    /// A loaded layer with an adapter whose B is not zero.
    private func layer(dropout: Double = 0, rankStabilized: Bool = false) -> LoRALinear {
        let base = Linear(6, 4, bias: true)
        let weight = Tensor.empty([4, 6]), bias = Tensor.empty([4])
        weight.fillNormal()
        bias.fillNormal()
        base.weight.set(weight)
        base.bias?.set(bias)
        let adapted = LoRALinear(base, rank: 2, alpha: 8, dropout: dropout, rankStabilized: rankStabilized)
        adapted.b.value.fillNormal()
        return adapted
    }

    @Test func `a fresh adapter changes nothing and its A is drawn inside the Kaiming bounds`() throws {
        try TensorThread.cpu.run {
            Runtime.seed(1)
            let base = Linear(64, 8, bias: false), weight = Tensor.empty([8, 64]), x = Tensor.empty([3, 64])
            weight.fillNormal()
            x.fillNormal()
            base.weight.set(weight)
            let adapted = LoRALinear(base, rank: 4, alpha: 8, dropout: 0)
            let (plain, with) = try scope { (LinearSlot(base)(x), LinearSlot(adapted)(x)) }
            #expect(plain.array(Float.self) == with.array(Float.self))
            let values = adapted.a.value.array(Float.self)
            #expect(values.allSatisfy { abs($0) <= 1 / 8 } && values.contains { abs($0) > 1 / 16 })
        }
    }

    @Test(arguments: [(false, 4.0), (true, 8 / 2.0.squareRoot())])
    func `the merged weight gives what base and adapter give`(_ rankStabilized: Bool, _ scale: Double) throws {
        try TensorThread.cpu.run {
            Runtime.seed(2)
            let adapted = layer(rankStabilized: rankStabilized), x = Tensor.empty([5, 6])
            x.fillNormal()
            #expect(adapted.scale == scale)
            let merged = Linear(6, 4, bias: true)
            merged.weight.set(adapted.mergedWeight())
            merged.bias?.set(adapted.base.bias?.value ?? .undefined)
            let difference = try scope { (LinearSlot(adapted)(x) - LinearSlot(merged)(x)).pow(2).sum().item }
            #expect(difference < 1e-9)
        }
    }

    @Test func `dropout acts on the adapter's input only, and only while training`() throws {
        try TensorThread.cpu.run {
            Runtime.seed(3)
            let adapted = layer(dropout: 0.5), x = Tensor.empty([5, 6])
            x.fillNormal()
            let still = try scope { LinearSlot(adapted)(x).array(Float.self) }
            let again = try scope { LinearSlot(adapted)(x).array(Float.self) }
            #expect(still == again)
            adapted.isTraining = true
            Runtime.seed(4)
            let dropped = try scope { LinearSlot(adapted)(x) }
            Runtime.seed(4)
            let difference = try scope {
                let noisy = x.dropout(0.5).linear(adapted.a.value).linear(adapted.b.value) * adapted.scale
                return (x.linear(adapted.base.weight.value, adapted.base.bias?.value) + noisy - dropped).pow(2).sum()
                    .item
            }
            #expect(difference < 1e-9)
        }
    }

    @Test func `members are named and counted as in a checkpoint, also without weights`() {
        let adapted = LoRALinear(Linear(6, 4, bias: true), rank: 2, alpha: 8, dropout: 0)
        #expect(adapted.a.tensor == nil)
        #expect(
            adapted.parameters(prefix: "q.").map(\.path) == [
                "q.weight", "q.bias", "q.lora_A.weight", "q.lora_B.weight",
            ])
        #expect(adapted.parameters().map(\.parameter.count) == [24, 4, 12, 8])
    }

    @Test func `a trained bf16 weight becomes an fp32 leaf of its own`() throws {
        try TensorThread.cpu.run {
            let parameter = Parameter([3]), loaded = Tensor([Float(1), 2, 3]).to(.bfloat16)
            parameter.set(loaded)
            parameter.makeTrainable()
            noGrad { parameter.value.fill(9) }
            #expect(parameter.value.dtype == .float32 && parameter.value.requiresGrad && parameter.isTrainable)
            #expect(loaded.array(Float.self) == [1, 2, 3])
        }
    }
}
