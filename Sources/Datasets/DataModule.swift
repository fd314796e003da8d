/// The data of a run: what is trained on and what is evaluated on.
public struct DataModule: Sendable {
    /// What a run asks for, in LLaMA-Factory's terms.
    public struct Request: Sendable {
        /// `dataset`.
        public var datasets: [String] = []
        /// `eval_dataset`.
        public var evaluationDatasets: [String] = []
        /// `eval_on_each_dataset`.
        public var evaluatesEach = false
        /// `max_samples`, of each data set.
        public var maxSamples: Int?
        /// `mix_strategy` with `interleave_probs`.
        public var mixture = DataMixture.concatenated
        /// `val_size`; nil does not split.
        public var splitSize: Double?
        /// `seed`.
        public var seed = 42

        public init(datasets: [String] = [], evaluationDatasets: [String] = []) {
            self.datasets = datasets
            self.evaluationDatasets = evaluationDatasets
        }
    }

    /// Rows to evaluate on.
    public struct Evaluation: Sendable {
        /// The data set's name when each is evaluated by itself; nil for the one evaluation of a run.
        public let name: String?
        public let rows: [DataRow]
    }

    /// The rows to train on, in the order of training without shuffling.
    public let train: [DataRow]
    public let evaluations: [Evaluation]
    /// What became of the rows that are trained on or split off.
    public let report: DataReport
    /// What became of the rows of `eval_dataset`.
    public let evaluationReport: DataReport

    /// Reads, converts, mixes and splits the data as LLaMA-Factory does; rows that cannot be used are left out at the end.
    public init(_ request: Request, from catalog: DatasetCatalog) throws(DataError) {
        var random = NumPyLegacyRandom(seed: UInt32(truncatingIfNeeded: request.seed))
        var report = DataReport()
        var merged: [ConvertedRow] = []
        if !request.datasets.isEmpty {
            let loaded = try Self.load(request.datasets, request, catalog, &random)
            merged = try Self.mix(loaded, request)
            merged.forEach { report.count($0) }
            loaded.forEach { $0.warnings.forEach { report.warn($0) } }
        }
        let evaluationSets = try Self.load(request.evaluationDatasets, request, catalog, &random)
        var evaluationReport = DataReport()
        var evaluations: [Evaluation] = []
        if request.evaluatesEach {
            for dataset in evaluationSets {
                evaluations.append(Evaluation(name: dataset.name, rows: dataset.keptRows))
                evaluationReport.merge(dataset.report)
            }
        } else if !evaluationSets.isEmpty {
            let rows = try Self.mix(evaluationSets, request)
            rows.forEach { evaluationReport.count($0) }
            evaluationSets.forEach { $0.warnings.forEach { evaluationReport.warn($0) } }
            evaluations = [Evaluation(name: nil, rows: rows.compactMap(\.kept))]
        }
        if let size = request.splitSize {
            guard request.evaluationDatasets.isEmpty else {
                throw DataError("`val_size` and `eval_dataset` exclude each other: keep one of them")
            }
            let split = try DataSplit(count: merged.count, size: size, seed: request.seed)
            evaluations = [Evaluation(name: nil, rows: split.evaluation.compactMap { merged[$0].kept })]
            merged = split.train.map { merged[$0] }
        }
        train = merged.compactMap(\.kept)
        self.evaluations = evaluations
        self.report = report
        self.evaluationReport = evaluationReport
        if !request.datasets.isEmpty, train.isEmpty { throw DataError("no row is left to train on.\n\(report)") }
        for evaluation in evaluations where evaluation.rows.isEmpty {
            throw DataError("no row is left to evaluate on.\n\(request.splitSize == nil ? evaluationReport : report)")
        }
    }

    private static func load(
        _ names: [String], _ request: Request, _ catalog: DatasetCatalog, _ random: inout NumPyLegacyRandom
    ) throws(DataError) -> [LoadedDataset] {
        var loaded: [LoadedDataset] = []
        for name in names {
            loaded.append(try catalog.load(name, maxSamples: request.maxSamples, random: &random))
        }
        return loaded
    }

    private static func mix(_ datasets: [LoadedDataset], _ request: Request) throws(DataError) -> [ConvertedRow] {
        let rows = datasets.flatMap(\.rows)
        return try request.mixture.indices(counts: datasets.map(\.rows.count), seed: request.seed).map { rows[$0] }
    }
}
