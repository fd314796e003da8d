import Testing

@testable import Torch

/// The recorder under `anneal train --profile`: exclusive times, groups, counted work, memory.
struct ProfilerTests {
    @Test func `spans are counted once, in their group and phase, backward passes included`() throws {
        try TensorThread.cpu.run {
            let rows = 64, depth = 32, columns = 48
            #expect(Profiler.start())
            #expect(!Profiler.start(), "one recording at a time")
            try scope {
                let x = Tensor.ones([rows, depth]), weight = Tensor.ones([columns, depth])
                weight.requiresGrad = true
                let loss = Profiler.phase(.forward) { x.project([Projection(weight: weight)])[0].sum() }
                Profiler.phase(.backward) { loss.backward() }
                Profiler.phase(.optimizer) { _ = totalNorm([weight.grad ?? weight]) }
                let q = Tensor.ones([8, 2, 16])
                Profiler.phase(.forward) {
                    _ = q.segmentAttention(q, q, offsets: [0, 3, 8], causal: true, scale: 1)
                    _ = q.reshape(8, 32).linearCrossEntropy(
                        Tensor.ones([5, 32]), labels: Tensor([Int](repeating: 1, count: 8)), weights: .ones([8]))
                }
            }
            let recording = Profiler.stop()
            let forward = try #require(recording.parts[.forward]), backward = try #require(recording.parts[.backward])
            func flops(_ part: ProfileRecording.Part, _ group: Profiler.Group) -> Double {
                part.groupFlops[group.rawValue]
            }
            let product = 2.0 * Double(rows * depth * columns)
            #expect(flops(forward, .products) == product)
            #expect(flops(backward, .products) == product, "the weight's gradient; the input needs none")
            // 6 + 15 pairs, two products, two heads of 16.
            #expect(flops(forward, .attention) == 2 * 2 * 21 * 2 * 16)
            // The products of the output layer belong to it.
            #expect(flops(forward, .output) == 2 * 8 * 32 * 5)
            for (phase, part) in recording.parts {
                let sum = part.groupSeconds.reduce(0, +)
                #expect(abs(sum - part.seconds) < 1e-6 + 1e-3 * part.seconds, "\(phase): groups add up to the phase")
            }
            #expect(forward.seconds > 0 && backward.seconds > 0 && forward.residentBytes > 1 << 20)
            #expect(forward.tensorBytes >= rows * columns * 4)
            #expect(recording.parts[.optimizer]?.groupSeconds[Profiler.Group.optimizer.rawValue] ?? 0 > 0)
            #expect(recording.events.contains { $0.group == nil && $0.name == "forward" })
            #expect(recording.memory.count > 0 && recording.numDropped == 0)
        }
    }

    @Test func `without a recording phases are plain calls`() throws {
        try TensorThread.cpu.run {
            #expect(Profiler.phase(.forward) { 7 } == 7)
            #expect(Profiler.start())
            #expect(Profiler.stop().parts[.forward]?.seconds == 0, "a recording begins empty")
        }
    }
}
