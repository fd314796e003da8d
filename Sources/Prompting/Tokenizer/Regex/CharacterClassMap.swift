/// Code point to class, where two code points share a class when no set of a pattern tells them apart.
struct CharacterClassMap: Sendable {
    /// Number of classes; at most 255.
    let count: Int
    /// One code point of each class.
    let examples: [UInt32]
    /// Blocks of 128 classes; the first one is ASCII.
    let classes: [UInt8]
    /// Which block holds the code points with the same upper bits.
    let blocks: [UInt16]

    /// Nil when the sets make more than 255 classes.
    init?(_ sets: [CodePointSet]) {
        var bounds: Set<UInt32> = [0]
        for range in sets.lazy.flatMap(\.ranges) { bounds.formUnion([range.lowerBound, range.upperBound]) }
        bounds.remove(CodePointSet.limit)
        let starts = bounds.sorted()
        var members = [[Bool]](repeating: [Bool](repeating: false, count: sets.count), count: starts.count)
        for (index, set) in sets.enumerated() {
            var next = 0
            for range in set.ranges {
                while next < starts.count, starts[next] < range.lowerBound { next += 1 }
                while next < starts.count, starts[next] < range.upperBound {
                    members[next][index] = true
                    next += 1
                }
            }
        }
        var known: [[Bool]: UInt8] = [:]
        var examples: [UInt32] = []
        var classOfInterval: [UInt8] = []
        for (index, start) in starts.enumerated() {
            let id: UInt8
            if let old = known[members[index]] {
                id = old
            } else {
                guard examples.count < 255 else { return nil }
                id = UInt8(examples.count)
                known[members[index]] = id
                examples.append(start)
            }
            classOfInterval.append(id)
        }
        (classes, blocks) = Self.blocks(starts, classOfInterval)
        (self.examples, count) = (examples, examples.count)
    }

    /// The table, block by block; equal blocks are kept once.
    private static func blocks(_ starts: [UInt32], _ kinds: [UInt8]) -> (classes: [UInt8], blocks: [UInt16]) {
        var places: [[UInt8]: UInt16] = [:]
        var uniform: [UInt8: UInt16] = [:]
        var classes: [UInt8] = []
        var blocks: [UInt16] = []
        var interval = 0
        for first in stride(from: UInt32(0), to: CodePointSet.limit, by: 128) {
            while interval + 1 < starts.count, starts[interval + 1] <= first { interval += 1 }
            let isUniform = interval + 1 == starts.count || starts[interval + 1] >= first + 128
            if isUniform, let place = uniform[kinds[interval]] {
                blocks.append(place)
                continue
            }
            var block = [UInt8](repeating: kinds[interval], count: 128)
            if !isUniform {
                for point in first..<first + 128 {
                    while interval + 1 < starts.count, starts[interval + 1] <= point { interval += 1 }
                    block[Int(point - first)] = kinds[interval]
                }
            }
            let place = places[block] ?? UInt16(classes.count / 128)
            if places.updateValue(place, forKey: block) == nil { classes += block }
            if isUniform { uniform[kinds[interval]] = place }
            blocks.append(place)
        }
        return (classes, blocks)
    }
}
