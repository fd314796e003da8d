import Datasets

/// Rows that parts are taken from, in a seeded order, in groups that stay together.
struct RowPool {
    /// Rows that stay together, with what they are stratified by.
    private struct Group {
        let rows: [Int]
        let stratum: String
    }

    private var groups: [Group]
    private let numRows: Int
    /// Rows of each stratum at the beginning.
    private let strata: [String: Int]
    private let file: String?

    init(_ records: [Record], stratify: String?, group: String?, seed: Int) throws(DataError) {
        numRows = records.count
        file = records.first?.file
        let strataOfRows = try stratify.map { name throws(DataError) in try RowLabel.labels(of: records, by: name) }
        let names = try group.map { name throws(DataError) in try RowLabel.labels(of: records, by: name) }
        var members: [[Int]] = []
        if let names {
            var places: [String: Int] = [:]
            for (row, name) in names.enumerated() {
                if let place = places[name] {
                    members[place].append(row)
                } else {
                    places[name] = members.count
                    members.append([row])
                }
            }
        } else {
            members = records.indices.map { [$0] }
        }
        let groups = members.map { rows in
            Group(rows: rows, stratum: strataOfRows.map { Self.majority($0, of: rows) } ?? "")
        }
        var strata: [String: Int] = [:]
        for group in groups { strata[group.stratum, default: 0] += group.rows.count }
        var random = NumPyRandom(seed: UInt64(bitPattern: Int64(seed)))
        self.groups = random.permutation(groups.count).map { groups[$0] }
        self.strata = strata
    }

    /// Rows that no part has taken, in the order of the file.
    var rest: [Int] { groups.flatMap(\.rows).sorted() }

    /// Takes a part: from each stratum its share, by whole groups.
    mutating func take(_ size: RowSplit.Size, name: String) throws(DataError) -> [Int] {
        let wanted = size.rows(of: numRows)
        guard wanted < groups.reduce(0, { $0 + $1.rows.count }) else {
            throw DataError("\(wanted) rows for \(name) are more than the file has to give: ask for fewer", file: file)
        }
        var missing = shares(of: wanted)
        var taken: [Int] = [], left: [Group] = []
        for group in groups {
            // A group is taken when that brings the part nearer to its size.
            let open = missing[group.stratum, default: 0]
            if open > 0, abs(open - group.rows.count) < open {
                taken += group.rows
                missing[group.stratum] = open - group.rows.count
            } else {
                left.append(group)
            }
        }
        if taken.isEmpty {
            throw DataError(
                "no group of rows is small enough for the \(wanted) rows of \(name): ask for more rows", file: file)
        }
        groups = left
        return taken.sorted()
    }

    /// How many rows of each stratum make up `wanted` rows: its share, rounded so that the sum is right.
    private func shares(of wanted: Int) -> [String: Int] {
        var shares = strata.mapValues { $0 * wanted / numRows }
        let remainders = strata.map { (stratum: $0.key, rest: $0.value * wanted % numRows) }
            .sorted { ($1.rest, $0.stratum) < ($0.rest, $1.stratum) }
        for item in remainders.prefix(wanted - shares.values.reduce(0, +)) { shares[item.stratum, default: 0] += 1 }
        return shares
    }

    /// The most frequent label of rows; the first in the alphabet of several.
    private static func majority(_ labels: [String], of rows: [Int]) -> String {
        var counts: [String: Int] = [:]
        for row in rows { counts[labels[row], default: 0] += 1 }
        return counts.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key ?? ""
    }
}
