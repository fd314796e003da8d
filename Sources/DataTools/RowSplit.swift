public import Datasets

/// Which rows of a data file are trained on, evaluated on and tested on.
public struct RowSplit: Sendable, Hashable {
    /// How many rows.
    public enum Size: Sendable, Hashable {
        /// A share of all rows.
        case share(Double)
        /// So many rows.
        case count(Int)

        /// Reads "0.1" (a share) or "200" (a number of rows); nil for anything else.
        public init?(_ text: String) {
            if let count = Int(text), count > 0 {
                self = .count(count)
            } else if let share = Double(text), share > 0, share < 1 {
                self = .share(share)
            } else {
                return nil
            }
        }

        func rows(of total: Int) -> Int {
            switch self {
            case .share(let share): max(1, Int((share * Double(total)).rounded()))
            case .count(let count): count
            }
        }
    }

    /// How to split.
    public struct Options: Sendable, Hashable {
        /// Rows to evaluate on.
        public var evaluation = Size.share(0.1)
        /// Rows to test on; nil for none.
        public var test: Size?
        /// The same seed gives the same split.
        public var seed = 42
        /// A column (or `answer`) whose values have the same share in all parts.
        public var stratify: String?
        /// A column whose equal values stay together: one patient, one document.
        public var group: String?

        /// A tenth to evaluate on.
        public init() {}
    }

    /// Rows in the order of the file, as indices.
    public let train: [Int]
    /// Rows in the order of the file, as indices.
    public let evaluation: [Int]
    /// Rows in the order of the file, as indices.
    public let test: [Int]

    /// Splits rows.
    ///
    /// - Throws: when a part would be empty, or a column does not exist.
    public init(_ records: [Record], _ options: Options) throws(DataError) {
        var pool = try RowPool(records, stratify: options.stratify, group: options.group, seed: options.seed)
        test = try options.test.map { size throws(DataError) in try pool.take(size, name: "test") } ?? []
        evaluation = try pool.take(options.evaluation, name: "eval")
        train = pool.rest
        if train.isEmpty {
            throw DataError("nothing is left to train on: ask for fewer rows to evaluate on", file: records.first?.file)
        }
    }

    /// Draws some rows, in the order of the file, as indices.
    public static func sample(_ records: [Record], _ size: Size, seed: Int = 42, stratify: String? = nil)
        throws(DataError) -> [Int]
    {
        if case .count(let count) = size, count >= records.count {
            throw DataError(
                "the file has \(records.count) rows: ask for fewer than that (a run takes more with `name#\(count)`)",
                file: records.first?.file)
        }
        var pool = try RowPool(records, stratify: stratify, group: nil, seed: seed)
        return try pool.take(size, name: "sample")
    }
}
