import Datasets
import Foundation
import Media
import Prompting

/// What became of a row, as the bytes that a `RecordStore` keeps: little-endian, token ids as they are, labels by runs.
struct StoredRow {
    var outcome: RowEncoder.Outcome

    /// The first byte of a row that is left out; other rows begin with what the cutoff took from them.
    private static let dropped: UInt8 = 0xFF
    /// A run of labels: ignored, equal to the ids, or listed.
    private enum Run: Int32 { case ignored, same, listed }

    /// The facts of a row that are needed without its ids.
    struct Summary {
        /// Tokens; nil for a row that is left out.
        let numTokens: Int?
        let truncation: Truncation
        /// Why it is left out.
        let reason: String?

        init(_ bytes: UnsafeRawBufferPointer) {
            var reader = ByteReader(bytes)
            let kept = Truncation(rawValue: reader.byte())
            truncation = kept ?? .none
            numTokens = kept == nil ? nil : Int(reader.number())
            reason = kept == nil ? reader.text() : nil
        }
    }

    init(_ outcome: RowEncoder.Outcome) { self.outcome = outcome }

    /// Reads a row; its origin is known by its number.
    init(_ bytes: [UInt8], origin: RowOrigin) {
        outcome = bytes.withUnsafeBytes { raw in
            var reader = ByteReader(raw)
            guard let truncation = Truncation(rawValue: reader.byte()) else { return .dropped(reader.text()) }
            let ids = reader.numbers(Int(reader.number()))
            var labels: [Int32] = []
            labels.reserveCapacity(ids.count)
            while labels.count < ids.count, !reader.isAtEnd {
                let run = Run(rawValue: reader.number())
                let count = max(0, min(Int(reader.number()), ids.count - labels.count))
                switch run {
                case .same: labels += ids[labels.count..<labels.count + count]
                case .listed: labels += reader.numbers(count)
                default: labels += [Int32](repeating: EncodedExample.ignored, count: count)
                }
            }
            let images = Self.sources(&reader), videos = Self.sources(&reader)
            let weights = reader.numbers(reader.count()).map { Float(bitPattern: UInt32(bitPattern: $0)) }
            return .kept(
                TrainingExample(
                    inputIDs: ids, labels: labels, weights: weights.count == labels.count ? weights : [],
                    images: images, videos: videos, origin: origin),
                truncation)
        }
    }

    /// The row as bytes.
    var bytes: [UInt8] {
        var writer = ByteWriter()
        switch outcome {
        case .dropped(let reason):
            writer.add(Self.dropped)
            writer.add(reason)
        case .kept(let example, let truncation):
            writer.bytes.reserveCapacity(example.inputIDs.count * 4 + 64)
            writer.add(truncation.rawValue)
            writer.add(Int32(example.inputIDs.count))
            writer.add(example.inputIDs)
            Self.add(example.labels, example.inputIDs, to: &writer)
            Self.add(example.images, to: &writer)
            Self.add(example.videos, to: &writer)
            writer.add(Int32(example.weights.count))
            writer.add(example.weights.map { Int32(bitPattern: $0.bitPattern) })
        }
        return writer.bytes
    }

    private static func add(_ labels: [Int32], _ ids: [Int32], to writer: inout ByteWriter) {
        func run(at place: Int) -> Run {
            labels[place] == EncodedExample.ignored ? .ignored : labels[place] == ids[place] ? .same : .listed
        }
        var place = 0
        while place < labels.count {
            let kind = run(at: place)
            var end = place + 1
            while end < labels.count, run(at: end) == kind { end += 1 }
            writer.add(kind.rawValue)
            writer.add(Int32(end - place))
            if kind == .listed { writer.add(Array(labels[place..<end])) }
            place = end
        }
    }

    private static func add(_ sources: [MediaSource], to writer: inout ByteWriter) {
        writer.add(Int32(sources.count))
        for source in sources {
            switch source {
            case .file(let path):
                writer.add(0 as Int32)
                writer.add(path)
            case .bytes(let data):
                writer.add(-1 as Int32)
                writer.add(Int32(data.count))
                writer.bytes += data
            case .frames(let paths):
                writer.add(Int32(paths.count))
                paths.forEach { writer.add($0) }
            }
        }
    }

    private static func sources(_ reader: inout ByteReader) -> [MediaSource] {
        (0..<reader.count()).map { _ in
            let kind = reader.number()
            switch kind {
            case 0: return .file(path: reader.text())
            case ..<0: return .bytes(reader.data(Int(reader.number())))
            default: return .frames(paths: (0..<reader.limited(kind)).map { _ in reader.text() })
            }
        }
    }
}

/// Writes numbers and texts as bytes.
private struct ByteWriter {
    var bytes: [UInt8] = []

    mutating func add(_ byte: UInt8) { bytes.append(byte) }
    mutating func add(_ number: Int32) { withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) } }
    mutating func add(_ numbers: [Int32]) {
        // Every machine this runs on is little-endian.
        numbers.withUnsafeBytes { bytes.append(contentsOf: $0) }
    }
    mutating func add(_ text: String) {
        add(Int32(text.utf8.count))
        bytes += text.utf8
    }
}

/// Reads what `ByteWriter` wrote; beyond the end everything is zero, so that no bytes can make it trap.
private struct ByteReader {
    private let bytes: UnsafeRawBufferPointer
    private var place = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var isAtEnd: Bool { place >= bytes.count }

    mutating func byte() -> UInt8 {
        defer { place += 1 }
        return place < bytes.count ? bytes[place] : 0
    }

    mutating func number() -> Int32 {
        defer { place += 4 }
        return place + 4 <= bytes.count ? bytes.loadUnaligned(fromByteOffset: place, as: Int32.self).littleEndian : 0
    }

    /// A number of things that follow, each of which has a number at least.
    mutating func count() -> Int { limited(number()) }

    func limited(_ count: Int32) -> Int { max(0, min(Int(count), (bytes.count - place) / 4)) }

    mutating func numbers(_ count: Int) -> [Int32] {
        let count = max(0, min(count, (bytes.count - place) / 4))
        guard count > 0, let start = bytes.baseAddress else { return [] }
        defer { place += count * 4 }
        return [Int32](unsafeUninitializedCapacity: count) { buffer, initialized in
            UnsafeMutableRawBufferPointer(buffer).copyMemory(
                from: UnsafeRawBufferPointer(start: start + place, count: count * 4))
            initialized = count
        }
    }

    mutating func data(_ count: Int) -> Data {
        let end = max(place, min(bytes.count, place + count))
        defer { place = end }
        return place < end ? Data(bytes[place..<end]) : Data()
    }

    mutating func text() -> String { String(decoding: data(Int(number())), as: UTF8.self) }
}
