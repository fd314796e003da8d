import Dispatch
import Torch

/// How fast this machine multiplies matrices of one shape when it does nothing else.
struct ProductRoof: Sendable, Equatable {
    let rows: Int
    let depth: Int
    let columns: Int
    let dtype: DType
    /// Multiplications and additions a second.
    let rate: Double

    /// The best of some repetitions of the kernel that training uses, a quarter of a second at most.
    static func measured(rows: Int, depth: Int, columns: Int, dtype: DType) -> ProductRoof {
        noGrad {
            let x = Tensor.ones([rows, depth], dtype), weight = Tensor.ones([columns, depth], dtype)
            let flops = 2 * Double(rows) * Double(depth) * Double(columns)
            var best = Double.infinity, spent = 0.0
            // Long enough to outlast what else takes the cores for a moment: a shared machine once showed half its rate.
            for repetition in 0..<200 where repetition < 3 || spent < 1 {
                let start = DispatchTime.now().uptimeNanoseconds
                _ = x.project([Projection(weight: weight)])
                let seconds = Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9
                best = min(best, seconds)
                spent += seconds
            }
            return ProductRoof(rows: rows, depth: depth, columns: columns, dtype: dtype, rate: flops / max(best, 1e-9))
        }
    }
}
