import Foundation
import Torch

/// Log-probabilities under the reference, kept in the output folder so that a resumed run uses the same numbers at once.
struct ReferenceCache {
    static let fileName = "reference_logps.safetensors"
    let path: String
    /// What the numbers depend on.
    let fingerprint: UInt64

    init(folder: String, fingerprint: UInt64) {
        path = "\(folder)/\(Self.fileName)"
        self.fingerprint = fingerprint
    }

    /// The tables of another run with the same model and data; nil when there are none.
    func read(sizes: [(count: Int, width: Int)]) -> [ReferenceTable]? {
        guard let file = try? SafetensorsFile(path: path), let mark = file.tensor("fingerprint"),
            mark.array(Int64.self) == [Int64(bitPattern: fingerprint)]
        else { return nil }
        var tables: [ReferenceTable] = []
        for (index, size) in sizes.enumerated() {
            guard let tensor = file.tensor("set.\(index)"), tensor.shape == [size.count, size.width] else { return nil }
            var table = ReferenceTable(numSamples: size.count, width: size.width)
            table.values = tensor.array(Double.self)
            tables.append(table)
        }
        return tables
    }

    func write(_ tables: [ReferenceTable]) throws {
        var tensors = [(name: "fingerprint", tensor: Tensor([Int64(bitPattern: fingerprint)]))]
        for (index, table) in tables.enumerated() {
            let count = table.values.count / max(1, table.width)
            tensors.append(("set.\(index)", Tensor(table.values, shape: [count, table.width])))
        }
        try SafetensorsWriter.write(tensors, to: path)
    }
}

/// FNV-1a, 64 bits: enough to notice that something changed.
struct ReferenceMark {
    private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

    mutating func add(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }
    }
    mutating func add(_ text: String) {
        add(text.utf8)
        add([0])
    }
    mutating func add(_ numbers: [Int32]) { for number in numbers { add(Int(number)) } }
    mutating func add(_ number: Int) { value = (value ^ UInt64(bitPattern: Int64(number))) &* 0x100_0000_01b3 }

    /// Names, sizes and times of the weight files of a model or adapter folder.
    mutating func add(weightsIn folder: String) {
        add(folder)
        for name in ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
        where name.hasSuffix(".safetensors") {
            let facts = (try? FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)")) ?? [:]
            add(name)
            add((facts[.size] as? Int) ?? 0)
            add(Int((facts[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0))
        }
    }
}
