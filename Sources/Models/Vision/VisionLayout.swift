import Foundation
import Torch

/// Where every patch of a batch of grids stands: windows, frames and rotation angles. Pure arithmetic on the grids
/// (get_window_index, get_rope_index's vision part and rot_pos_emb of transformers' Qwen2.5-VL).
struct VisionLayout {
    struct Rotary {
        /// [N, head dim] fp32, in window order.
        let cos: Tensor
        let sin: Tensor
    }

    /// Order of the 2 x 2 groups that makes windows contiguous, int64 [N / 4].
    let windowOrder: Tensor
    let inverseOrder: Tensor
    /// First patch of each window (window order) and the total.
    let windowOffsets: [Int]
    /// First patch of each frame and the total.
    let frameOffsets: [Int]
    let rotary: Rotary

    init(_ grids: [VisionGrid], _ config: VisionConfig) {
        let (order, windows) = Self.windows(grids, config)
        windowOffsets = windows
        frameOffsets = Self.frames(grids)
        var inverse = [Int](repeating: 0, count: order.count)
        for (place, group) in order.enumerated() { inverse[group] = place }
        windowOrder = Tensor(order)
        inverseOrder = Tensor(inverse)
        rotary = Self.rotary(grids, order: order, config)
    }

    /// Groups in window order and the windows' bounds in patches.
    static func windows(_ grids: [VisionGrid], _ config: VisionConfig) -> (order: [Int], offsets: [Int]) {
        let merge = config.spatialMergeSize, unit = merge * merge
        let side = config.windowSize / merge / config.patchSize
        var order: [Int] = [], offsets = [0], first = 0
        for grid in grids {
            let height = grid.height / merge, width = grid.width / merge
            for frame in 0..<grid.time {
                // The last window of a row or column may be smaller; an exact fit makes no empty window here.
                for top in stride(from: 0, to: height, by: side) {
                    for left in stride(from: 0, to: width, by: side) {
                        for y in top..<min(top + side, height) {
                            for x in left..<min(left + side, width) {
                                order.append(first + (frame * height + y) * width + x)
                            }
                        }
                        offsets.append(order.count * unit)
                    }
                }
            }
            first += grid.time * height * width
        }
        return (order, offsets)
    }

    static func frames(_ grids: [VisionGrid]) -> [Int] {
        var offsets = [0]
        for grid in grids {
            for _ in 0..<grid.time { offsets.append(offsets[offsets.count - 1] + grid.height * grid.width) }
        }
        return offsets
    }

    private static func rotary(_ grids: [VisionGrid], order: [Int], _ config: VisionConfig) -> Rotary {
        let headDim = config.hiddenSize / config.numHeads, quarter = headDim / 4, merge = config.spatialMergeSize
        let frequencies = (0..<quarter).map { 1 / Float(pow(10000.0, Double(2 * $0) / Double(headDim / 2))) }
        // (row, column) of every patch, groups of merge x merge together, in the grids' order.
        var places: [(Int, Int)] = []
        for grid in grids {
            for _ in 0..<grid.time {
                for top in stride(from: 0, to: grid.height, by: merge) {
                    for left in stride(from: 0, to: grid.width, by: merge) {
                        for y in top..<(top + merge) { for x in left..<(left + merge) { places.append((y, x)) } }
                    }
                }
            }
        }
        let unit = merge * merge
        var cosValues = [Float](repeating: 0, count: places.count * headDim), sinValues = cosValues
        var row = 0
        for group in order {
            for inside in 0..<unit {
                let (y, x) = places[group * unit + inside]
                for j in 0..<quarter {
                    for (part, position) in [(0, y), (quarter, x)] {
                        let angle = Double(Float(position) * frequencies[j])
                        let c = Float(cos(angle)), s = Float(sin(angle)), base = row * headDim + part + j
                        cosValues[base] = c
                        cosValues[base + 2 * quarter] = c
                        sinValues[base] = s
                        sinValues[base + 2 * quarter] = s
                    }
                }
                row += 1
            }
        }
        let shape = [places.count, headDim]
        return Rotary(cos: Tensor(cosValues, shape: shape), sin: Tensor(sinValues, shape: shape))
    }
}
