import Testing

@testable import Torch

/// The kernels that are compiled at run time: by NVRTC where it is, and emulated on the CPU. FusedOperatorTests compares most of
/// them; generation's are here.
struct CUDAKernelTests {
    static let whyNotCompiled = ComposedOperators.compileKernels(major: 9, minor: 0)
    static let hasNVRTC = !(whyNotCompiled?.contains("is not found") ?? false)

    @Test(.enabled(if: hasNVRTC, "\(whyNotCompiled ?? "")"))
    func `NVRTC compiles all kernels for Hopper`() {
        #expect(Self.whyNotCompiled == nil)
    }

    @Test(arguments: [DType.float32, .bfloat16], [32, 64])
    func `decoding over pages by kernels equals LibTorch's operators`(_ dtype: DType, _ size: Int) throws {
        try TensorThread.cpu.run {
            // The longest sequence is shared out, the others leave shares empty.
            let lengths = [1, 20, 70], (heads, groups) = (6, 2)
            func made(kernels: Bool) throws -> [[Float]] {
                Runtime.seed(5)
                return try ComposedOperators.use(kernels: kernels) {
                    let cache = PagedCache(
                        numLayers: 1, numBlocks: 12, numKeyValueHeads: groups, headDim: size, dtype: dtype)
                    var blocks = (0..<12).map { Int32($0 * 7 % 12) }
                    let tables = lengths.map { length in (0..<((length + 15) / 16)).map { _ in blocks.removeLast() } }
                    func random(_ rows: Int, _ columns: Int, _ dtype: DType) -> Tensor {
                        let values = Tensor.empty([rows, columns])
                        values.fillNormal()
                        return values.to(dtype)
                    }
                    func attended(_ sequences: [(Int, Int, [Int32])]) throws -> [Float] {
                        let rows = sequences.reduce(0) { $0 + $1.0 }
                        return try scope {
                            noGrad {
                                cache.attend(
                                    layer: 0, q: random(rows, heads * size, dtype),
                                    k: random(rows, groups * size, dtype), v: random(rows, groups * size, dtype),
                                    cos: random(rows, size, .float32), sin: random(rows, size, .float32),
                                    batch: PagedBatch(sequences.map { ($0, $1, $2) }), scale: 0.2
                                ).array(Float.self)
                            }
                        }
                    }
                    let prompts = zip(lengths, tables).filter { $0.0 > 1 }.map { ($0 - 1, $0 - 1, $1) }
                    return [try attended(prompts), try attended(zip(lengths, tables).map { (1, $0, $1) })]
                }
            }
            let plain = try made(kernels: false), own = try made(kernels: true)
            let tolerance: Float = dtype == .float32 ? 2e-5 : 2e-2
            for (a, b) in zip(plain, own) {
                let largest = a.reduce(1) { max($0, abs($1)) }
                #expect(a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) <= tolerance * largest })
            }
        }
    }
}
