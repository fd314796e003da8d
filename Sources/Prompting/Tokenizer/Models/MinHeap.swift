/// A binary heap of numbers, smallest first.
struct MinHeap {
    private var items: [UInt64] = []

    mutating func reserve(_ count: Int) { items.reserveCapacity(count) }

    mutating func push(_ item: UInt64) {
        var index = items.count
        items.append(item)
        while index > 0 {
            let parent = (index - 1) / 2
            guard items[parent] > item else { break }
            items[index] = items[parent]
            index = parent
        }
        items[index] = item
    }

    mutating func pop() -> UInt64? {
        guard let top = items.first else { return nil }
        let last = items.removeLast()
        guard !items.isEmpty else { return top }
        var index = 0
        while true {
            var child = 2 * index + 1
            guard child < items.count else { break }
            if child + 1 < items.count, items[child + 1] < items[child] { child += 1 }
            guard items[child] < last else { break }
            items[index] = items[child]
            index = child
        }
        items[index] = last
        return top
    }
}
