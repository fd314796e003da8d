/// Fills sequences with samples as LLaMA-Factory's `greedy_knapsack` does.
enum GreedyKnapsack {
    /// Groups of indices into `lengths`, each at most `capacity` long together. The longest that fits comes first; of
    /// samples of one length, the last. What is longer than `capacity` is in no group.
    ///
    /// Source: `greedy_knapsack` and `length2indexes` of data/processor/supervised.py. The reference takes numbers out of
    /// a sorted list one by one, which takes quadratic time; here samples of a length stand on a stack and lengths that are used up
    /// are skipped with path compression.
    static func groups(lengths: [Int], capacity: Int) -> [[Int]] {
        var stacks = [[Int32]](repeating: [], count: capacity + 1)
        var numLeft = 0
        for (index, length) in lengths.enumerated() where length <= capacity {
            stacks[length].append(Int32(index))
            numLeft += 1
        }
        // `next[length]`: the greatest length at or below it that may still have samples; -1 is none.
        var next = Array(0...capacity)
        func greatest(_ length: Int) -> Int {
            var root = length
            while root >= 0, stacks[root].isEmpty { root = next[root] == root ? root - 1 : next[root] }
            var place = length
            while place > root {
                let following = next[place] == place ? place - 1 : next[place]
                next[place] = root
                place = following
            }
            return root
        }
        var groups: [[Int]] = []
        while numLeft > 0 {
            var group: [Int] = [], space = capacity
            while true {
                let length = greatest(space)
                guard length >= 0, let index = stacks[length].popLast() else { break }
                group.append(Int(index))
                numLeft -= 1
                space -= length
            }
            groups.append(group)
        }
        return groups
    }
}
