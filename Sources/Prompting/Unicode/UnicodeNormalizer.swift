/// A Unicode normalization form: D takes characters apart, C puts them together, K drops compatibility variants first.
enum UnicodeForm: Sendable, Hashable {
    case c, d, kc, kd

    var isCompatible: Bool { self == .kc || self == .kd }
    var composes: Bool { self == .c || self == .kc }
}

/// Unicode normalization, equal to the one in Hugging Face's `tokenizers` (UAX #15).
struct UnicodeNormalizer: Sendable {
    static let shared = UnicodeNormalizer()

    private var decompositions: [UInt32: (UInt32, UInt32)] = [:]
    private var compositions: [UInt64: UInt32] = [:]
    private var combiningClasses: [UInt32: UInt8] = [:]
    private var compatible: [UInt32: [UInt32]] = [:]

    private init() {
        var excluded: Set<UInt32> = []
        var numbers = PackedNumbers(UnicodeTables.compositionExclusions)
        numbers.forEachRange { range in
            for point in range { excluded.insert(UInt32(point)) }
        }
        numbers = PackedNumbers(UnicodeTables.decompositions)
        var point: UInt32 = 0
        while let gap = numbers.next(), let first = numbers.next(), let second = numbers.next() {
            point += UInt32(gap)
            decompositions[point] = (UInt32(first), UInt32(second))
            if second != 0, !excluded.contains(point) {
                compositions[UInt64(first) << 32 | UInt64(second)] = point
            }
        }
        numbers = PackedNumbers(UnicodeTables.combiningClasses)
        while let value = numbers.next(), let count = numbers.next() {
            numbers.forEachRange(count: count) { range in
                for point in range { combiningClasses[UInt32(point)] = UInt8(value) }
            }
        }
        PackedNumbers.forEachMapping(CategoryTables.compatibility) { compatible[$0] = $1 }
    }

    /// The UTF-8 of code points.
    static func utf8(_ points: some Sequence<UInt32>) -> [UInt8] {
        points.compactMap(Unicode.Scalar.init).flatMap { UTF8.encode($0) ?? .init() }
    }

    /// Valid UTF-8 in a form, nil when it is in that form already.
    func normalize(_ bytes: UnsafeBufferPointer<UInt8>, to form: UnicodeForm) -> [UInt8]? {
        if form == .c, Self.isSettled(bytes) { return nil }
        let bits =
            switch form {
            case .c: CharacterClasses.unsettled
            case .d: CharacterClasses.decomposing
            case .kc: CharacterClasses.unsettled | CharacterClasses.compatible
            case .kd: CharacterClasses.decomposing | CharacterClasses.compatible
            }
        return normalize(bytes, form, changing: bits)
    }

    /// Whether valid UTF-8 is surely in form C already: true for nearly all text, at memory speed.
    static func isSettled(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let base = bytes.baseAddress else { return true }
        let table = CharacterClasses.shared.table
        var position = 0
        while position < bytes.count {
            if position + 8 <= bytes.count,
                UnsafeRawPointer(base + position).loadUnaligned(as: UInt64.self) & 0x8080_8080_8080_8080 == 0
            {
                position += 8
                continue
            }
            let first = base[position]
            if first < 0x80 {
                position += 1
            } else if first < 0xCC {  // Below U+0300 nothing combines.
                position += 2
            } else if first >= 0xE4, first <= 0xE9 {  // U+4000 to U+9FFF: the Chinese characters and Yijing symbols.
                position += 3
            } else {
                let (point, length) = CharacterClasses.codePoint(base, position)
                if table[point] & CharacterClasses.unsettled != 0 { return false }
                position += length
            }
        }
        return true
    }

    /// Only the characters that may change are worked on, each with the settled character before it; the rest is
    /// copied.
    private func normalize(
        _ bytes: UnsafeBufferPointer<UInt8>, _ form: UnicodeForm, changing bits: UInt8
    ) -> [UInt8]? {
        guard let base = bytes.baseAddress else { return nil }
        let table = CharacterClasses.shared.table
        var result: [UInt8] = []
        var points: [UInt32] = []
        var copied = 0
        var previous = 0
        var position = 0
        while position < bytes.count {
            var (point, length) = CharacterClasses.codePoint(base, position)
            guard table[point] & bits != 0 else {
                previous = position
                position += length
                continue
            }
            result.append(contentsOf: bytes[copied..<previous])
            points.removeAll(keepingCapacity: true)
            var start = previous
            while start < position {
                let (before, size) = CharacterClasses.codePoint(base, start)
                decompose(UInt32(before), form, into: &points)
                start += size
            }
            while table[point] & bits != 0 {
                decompose(UInt32(point), form, into: &points)
                position += length
                guard position < bytes.count else { break }
                (point, length) = CharacterClasses.codePoint(base, position)
            }
            reorder(&points)
            if form.composes { compose(&points) }
            for point in points {
                if let scalar = Unicode.Scalar(point) { result.append(contentsOf: UTF8.encode(scalar) ?? .init()) }
            }
            copied = position
            previous = position
        }
        guard copied > 0 else { return nil }
        result.append(contentsOf: bytes[copied...])
        return result
    }

    // Hangul syllables are arithmetic: UAX #15 and section 3.12 of the Unicode standard.
    private static let syllableBase: UInt32 = 0xAC00
    private static let leadBase: UInt32 = 0x1100
    private static let vowelBase: UInt32 = 0x1161
    private static let trailBase: UInt32 = 0x11A7
    private static let (numLeads, numVowels, numTrails) = (UInt32(19), UInt32(21), UInt32(28))

    private func decompose(_ point: UInt32, _ form: UnicodeForm, into points: inout [UInt32]) {
        if point < 0xA0 {
            points.append(point)
        } else if form.isCompatible, let parts = compatible[point] {
            points += parts
        } else if point >= Self.syllableBase, point < Self.syllableBase + 11172 {
            let index = point - Self.syllableBase
            points.append(Self.leadBase + index / (Self.numVowels * Self.numTrails))
            points.append(Self.vowelBase + index % (Self.numVowels * Self.numTrails) / Self.numTrails)
            if index % Self.numTrails != 0 { points.append(Self.trailBase + index % Self.numTrails) }
        } else if let (first, second) = decompositions[point] {
            decompose(first, form, into: &points)
            if second != 0 { decompose(second, form, into: &points) }
        } else {
            points.append(point)
        }
    }

    private func combiningClass(_ point: UInt32) -> UInt8 {
        point < 0x300 ? 0 : combiningClasses[point] ?? 0
    }

    /// Sorts each run of combining characters by class, keeping the order within a class.
    private func reorder(_ points: inout [UInt32]) {
        var start = 0
        while start < points.count {
            guard combiningClass(points[start]) != 0 else {
                start += 1
                continue
            }
            var end = start + 1
            while end < points.count, combiningClass(points[end]) != 0 { end += 1 }
            if end - start > 1 {
                // Swift's sort is stable in fact but not by contract, so the position is part of the key.
                let run = points[start..<end].enumerated().sorted {
                    (combiningClass($0.element), $0.offset) < (combiningClass($1.element), $1.offset)
                }
                points.replaceSubrange(start..<end, with: run.map(\.element))
            }
            start = end
        }
    }

    private func compose(_ points: inout [UInt32]) {
        var starter: Int?
        var lastClass: UInt8 = 0
        var end = 0
        for index in points.indices {
            let point = points[index]
            let pointClass = combiningClass(point)
            if let at = starter, end == at + 1 || lastClass < pointClass,
                let composite = composite(points[at], point)
            {
                points[at] = composite
                continue
            }
            if pointClass == 0 { starter = end }
            lastClass = pointClass
            points[end] = point
            end += 1
        }
        points.removeSubrange(end...)
    }

    private func composite(_ first: UInt32, _ second: UInt32) -> UInt32? {
        if first >= Self.leadBase, first < Self.leadBase + Self.numLeads, second >= Self.vowelBase,
            second < Self.vowelBase + Self.numVowels
        {
            let index = (first - Self.leadBase) * Self.numVowels + second - Self.vowelBase
            return Self.syllableBase + index * Self.numTrails
        }
        if first >= Self.syllableBase, first < Self.syllableBase + 11172, (first - Self.syllableBase) % 28 == 0,
            second > Self.trailBase, second < Self.trailBase + Self.numTrails
        {
            return first + second - Self.trailBase
        }
        return compositions[UInt64(first) << 32 | UInt64(second)]
    }
}
