import Testing

@testable import Torch

/// Gradients of trained weights, which kernels add to in place.
struct LeafGradientTests {
    /// Gradients of the leaves after each of `bodies` was differentiated in turn.
    private static func gradients(_ leaves: [Tensor], _ bodies: [([Tensor]) -> Tensor]) throws -> [Tensor] {
        try scope {
            for leaf in leaves { leaf.clearGrad() }
            for body in bodies { body(leaves).backward() }
            return leaves.map { ($0.grad ?? Tensor.zeros($0.shape)).clone().to(.float32) }
        }
    }

    private static func leaf(_ shape: [Int]) -> Tensor {
        let values = Tensor.empty(shape)
        values.fillNormal()
        let rounded = values.to(.bfloat16).to(.float32)
        rounded.requiresGrad = true
        return rounded
    }

    @Test(arguments: [DType.float32, .bfloat16])
    func `gradients of several packs through a tied table add up to those of plain operators`(_ dtype: DType) throws {
        try TensorThread.cpu.run {
            Runtime.seed(5)
            // Odd numbers of rows and columns that fill no panel; more rows than a block of the output layer.
            let vocabulary = 83, size = 34, numRows = [37, 5]
            let table = Self.leaf([vocabulary, size]), weight = Self.leaf([size, size])
            let packs = numRows.map { rows in
                (ids: (0..<rows).map { $0 * 7 % 11 }, labels: (0..<rows).map { $0 * 5 % vocabulary })
            }
            func body(_ pack: (ids: [Int], labels: [Int]), isPlain: Bool) -> ([Tensor]) -> Tensor {
                { leaves in
                    let compute: DType = isPlain ? .float32 : dtype
                    let x =
                        isPlain
                        ? leaves[0].rows(Tensor(pack.ids)) : leaves[0].embedding(Tensor(pack.ids)).to(compute)
                    let y = isPlain ? x.linear(leaves[1]) : x.project([Projection(weight: leaves[1])])[0]
                    if isPlain {
                        return -y.linear(leaves[0]).logSoftmax().gather(Tensor(pack.labels, shape: [y.size(0), 1]))
                            .sum()
                    }
                    return y.linearCrossEntropy(
                        leaves[0], labels: Tensor(pack.labels), weights: .ones([y.size(0)]), blockRows: 16
                    ).select(0, 0)
                }
            }
            let ours = try Self.gradients([table, weight], packs.map { body($0, isPlain: false) })
            let theirs = try Self.gradients([table, weight], packs.map { body($0, isPlain: true) })
            for (a, b) in zip(ours, theirs) {
                let (difference, size) = try scope { ((a - b).largest, max(1, b.largest)) }
                #expect(difference <= (dtype == .float32 ? 2e-5 : 2e-2) * size, "\(dtype)")
            }
            // Evaluation leaves the gradients alone.
            let before = try scope { table.grad?.clone() }
            _ = try scope { noGrad { body(packs[0], isPlain: false)([table, weight]).item } }
            #expect(try scope { (table.grad ?? table).array(Float.self) == (before ?? weight).array(Float.self) })
        }
    }

    @Test func `weights in fp32 give a bf16 product what their rounded copies give, bit for bit`() throws {
        try TensorThread.cpu.run {
            Runtime.seed(6)
            for (rows, depth, columns) in [(24, 32, 32), (40, 34, 70), (33, 130, 47), (1600, 32, 40)] {
                let x = Tensor.empty([rows, depth]), weight = Tensor.empty([columns, depth])
                x.fillNormal()
                weight.fillNormal()
                let (a, b) = try scope {
                    let input = x.to(.bfloat16)
                    let both = [weight, weight.to(.bfloat16)].map { input.project([Projection(weight: $0)])[0] }
                    return (both[0].array(Float.self), both[1].array(Float.self))
                }
                #expect(a == b, "\(rows) x \(depth) x \(columns)")
            }
        }
    }
}
