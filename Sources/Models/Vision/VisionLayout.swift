import Foundation
import Media
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

    init(_ grids: [PatchGrid], _ config: VisionConfig) {
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
    static func windows(_ grids: [PatchGrid], _ config: VisionConfig) -> (order: [Int], offsets: [Int]) {
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

    static func frames(_ grids: [PatchGrid]) -> [Int] {
        var offsets = [0]
        for grid in grids {
            for _ in 0..<grid.time { offsets.append(offsets[offsets.count - 1] + grid.height * grid.width) }
        }
        return offsets
    }

    private static func rotary(_ grids: [PatchGrid], order: [Int], _ config: VisionConfig) -> Rotary {
        let headDim = config.hiddenSize / config.numHeads, quarter = headDim / 4, merge = config.spatialMergeSize
        let frequencies = (0..<quarter).map { 1 / Float(pow(10000.0, Double(2 * $0) / Double(headDim / 2))) }
        // Row and column of every patch, groups of merge x merge together, in the grids' order.
        var rows: [Float] = [], columns: [Float] = []
        for grid in grids {
            for _ in 0..<grid.time {
                for top in stride(from: 0, to: grid.height, by: merge) {
                    for left in stride(from: 0, to: grid.width, by: merge) {
                        for y in top..<(top + merge) {
                            for x in left..<(left + merge) {
                                rows.append(Float(y))
                                columns.append(Float(x))
                            }
                        }
                    }
                }
            }
        }
        let unit = merge * merge, turns = Tensor(frequencies)
        func angles(_ places: [Float]) -> Tensor {
            Tensor(order.flatMap { places[($0 * unit)..<(($0 + 1) * unit)] }, shape: [places.count, 1]) * turns
        }
        let half = Tensor.cat([angles(rows), angles(columns)], dim: 1), all = Tensor.cat([half, half], dim: 1)
        return Rotary(cos: all.cos(), sin: all.sin())
    }
}
