import Torch

/// Answers that share their prompt: the prompt's tokens stand once in the batch, each answer attends to them and to itself.
///
/// Everything that works token by token (projections, norms, MLP, the vision tower) sees the prompt once; only attention
/// sees it once an answer, for which its rows are gathered into ordinary causal segments.
public struct PrefixSharing {
    /// Row of the batch at each place of the attention: int64 [E], segment by segment.
    let rows: Tensor
    /// Place in the attention of each row of the batch: int64 [T]; the prompt's is in its first segment.
    let places: Tensor
    /// First place of each segment and the total.
    let offsets: [Int]

    /// - Parameters:
    ///   - segments: the rows of each segment, prompt and answer, in causal order.
    ///   - numRows: rows of the batch; each is in at least one segment.
    public init(segments: [[Int]], numRows: Int) {
        let flat = segments.flatMap(\.self)
        var place = [Int](repeating: -1, count: numRows)
        for (index, row) in flat.enumerated() where place[row] < 0 { place[row] = index }
        precondition(!place.contains(-1), "a row belongs to no segment")
        rows = Tensor(flat)
        places = Tensor(place)
        offsets = segments.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.count) }
    }

    /// Attention of q [T, H, d] to k and v [T, K, d].
    func attention(_ q_THd: Tensor, _ k_TKd: Tensor, _ v_TKd: Tensor, scale: Double) -> Tensor {
        q_THd.rows(rows).segmentAttention(
            k_TKd.rows(rows), v_TKd.rows(rows), offsets: offsets, causal: true, scale: scale
        ).rows(places)
    }
}
