import Foundation
import JSON
import Reporting
import Torch

/// Values to be logged as weighted means, in the order in which they came up.
public struct CurveSums: Sendable, Codable, Equatable {
    struct Entry: Sendable, Codable, Equatable {
        var name: String
        var sum: Double
        var weight: Double
    }
    private(set) var entries: [Entry] = []

    public init() {}

    /// Adds `value` with a weight to the mean called `name`.
    public mutating func add(_ name: String, _ value: Double, weight: Double = 1) {
        if let index = entries.firstIndex(where: { $0.name == name }) {
            entries[index].sum += value * weight
            entries[index].weight += weight
        } else {
            entries.append(Entry(name: name, sum: value * weight, weight: weight))
        }
    }

    /// Adds the sums of another pack, or `factor` times them.
    public mutating func add(_ other: CurveSums, factor: Double = 1) {
        for entry in other.entries {
            if let index = entries.firstIndex(where: { $0.name == entry.name }) {
                entries[index].sum += entry.sum * factor
                entries[index].weight += entry.weight * factor
            } else {
                entries.append(Entry(name: entry.name, sum: entry.sum * factor, weight: entry.weight * factor))
            }
        }
    }

    /// The sums of all processes, the same in each.
    func sum(over group: ProcessGroup) throws -> CurveSums {
        guard group.size > 1 else { return self }
        // A loss that is no number is for others to complain of.
        let words = ("Infinity", "-Infinity", "NaN"), encoder = JSONEncoder(), decoder = JSONDecoder()
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: words.0, negativeInfinity: words.1, nan: words.2)
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: words.0, negativeInfinity: words.1, nan: words.2)
        var total = CurveSums()
        for part in try group.gather(encoder.encode(self)) { total.add(try decoder.decode(CurveSums.self, from: part)) }
        return total
    }

    /// The means, named with a prefix. Where good and bad answers are of different samples, so that no margin was added,
    /// it is the difference of their means.
    func record(prefix: String = "") -> LogRecord {
        var record = LogRecord()
        for entry in entries where entry.weight > 0 {
            record[prefix + entry.name] = .double(entry.sum / entry.weight)
        }
        let margins = "\(prefix)rewards/margins"
        if record[margins] == nil, let chosen = record.number("\(prefix)rewards/chosen"),
            let rejected = record.number("\(prefix)rewards/rejected")
        {
            record[margins] = .double(chosen - rejected)
        }
        return record
    }
}
