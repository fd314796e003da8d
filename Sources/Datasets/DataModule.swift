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
        /// `streaming`: rows to shuffle among; nil does not stream.
        public var bufferSize: Int?

        /// A request for these data sets, with the defaults of LLaMA-Factory.
        public init(datasets: [String] = [], evaluationDatasets: [String] = []) {
            self.datasets = datasets
            self.evaluationDatasets = evaluationDatasets
        }
    }

    /// Rows to evaluate on.
    public struct Evaluation: Sendable {
        /// The data set's name when each is evaluated by itself; nil for the one evaluation of a run.
        public let name: String?
        /// The rows, in order.
        public let rows: RowSelection
    }

    /// The rows to train on, in the order of training without shuffling.
    public let train: RowSelection
    /// `streaming`: where the rows of every epoch come from; `train` is empty then.
    public let stream: RowStream?
    /// The rows to evaluate on: none, one set of them, or one for each data set.
    public let evaluations: [Evaluation]
    /// What became of the rows that are trained on or split off.
    public let report: DataReport
    /// What became of the rows of `eval_dataset`.
    public let evaluationReport: DataReport

    /// Reads, converts, mixes and splits the data as LLaMA-Factory does; rows that cannot be used are left out at the end.
    public init(_ request: Request, from catalog: DatasetCatalog) throws(DataError) {
        var random = NumPyLegacyRandom(seed: UInt32(truncatingIfNeeded: request.seed))
        var report = DataReport()
        let loaded =
            request.bufferSize == nil ? try Self.load(request.datasets, request, catalog, &random) : []
        for name in request.datasets where request.datasets.count(where: { $0 == name }) > 1 {
            report.warn(
                "data set '\(name)' is listed more than once in `dataset`: it is used once, as in LLaMA-Factory")
        }
        var stream: RowStream?
        var merged: [Int] = []
        if let bufferSize = request.bufferSize {
            var sources: [any StreamSource] = []
            for name in request.datasets where !sources.contains(where: { $0.name == name }) {
                sources.append(try catalog.stream(name, random: &random))
            }
            sources.forEach { $0.warnings.forEach { report.warn($0) } }
            stream = RowStream(
                sources,
                StreamOrder(
                    numSources: sources.count, mixture: request.mixture, bufferSize: bufferSize, seed: request.seed,
                    numHeldOut: Int(request.splitSize ?? 0)))
        } else {
            merged = try Self.mix(loaded, request, &report)
        }
        let evaluationSets = try Self.load(request.evaluationDatasets, request, catalog, &random)
        var evaluationReport = DataReport()
        var evaluations: [Evaluation] = []
        if request.evaluatesEach {
            for dataset in evaluationSets {
                evaluations.append(
                    Evaluation(name: dataset.name, rows: RowSelection([dataset], Array(0..<dataset.count))))
                evaluationReport.merge(dataset.report)
            }
        } else if !evaluationSets.isEmpty {
            let rows = try Self.mix(evaluationSets, request, &evaluationReport)
            var selection = RowSelection(evaluationSets, rows)
            if let bufferSize = request.bufferSize {
                let order = StreamOrder(
                    numSources: evaluationSets.count, mixture: request.mixture, bufferSize: bufferSize,
                    seed: request.seed, numHeldOut: .max)
                selection = try RowStream(evaluationSets, order).heldOut()
            }
            evaluations = [Evaluation(name: nil, rows: selection)]
        }
        if let size = request.splitSize {
            guard request.evaluationDatasets.isEmpty else {
                throw DataError("`val_size` and `eval_dataset` exclude each other: keep one of them")
            }
            guard stream == nil else {
                evaluations = [Evaluation(name: nil, rows: try stream?.heldOut() ?? RowSelection([], []))]
                (train, self.stream) = (RowSelection([], []), stream)
                (self.evaluations, self.report, self.evaluationReport) = (evaluations, report, evaluationReport)
                return
            }
            let split = try DataSplit(count: merged.count, size: size, seed: request.seed)
            evaluations = [Evaluation(name: nil, rows: RowSelection(loaded, split.evaluation.map { merged[$0] }))]
            merged = split.train.map { merged[$0] }
        }
        train = RowSelection(loaded, merged)
        self.stream = stream
        self.evaluations = evaluations
        self.report = report
        self.evaluationReport = evaluationReport
        if !request.datasets.isEmpty, train.isEmpty, stream == nil {
            throw DataError("no row is left to train on.\n\(report)")
        }
        for evaluation in evaluations where evaluation.rows.isEmpty {
            throw DataError("no row is left to evaluate on.\n\(request.splitSize == nil ? evaluationReport : report)")
        }
    }

    private static func load(
        _ names: [String], _ request: Request, _ catalog: DatasetCatalog, _ random: inout NumPyLegacyRandom
    ) throws(DataError) -> [LoadedDataset] {
        var loaded: [LoadedDataset] = []
        for name in names where !loaded.contains(where: { $0.name == name }) {
            loaded.append(try catalog.load(name, maxSamples: request.maxSamples, random: &random))
        }
        return loaded
    }

    /// The rows of the mixture as indices into the concatenation of the data sets; they are counted.
    private static func mix(_ datasets: [LoadedDataset], _ request: Request, _ report: inout DataReport)
        throws(DataError) -> [Int]
    {
        let counts = datasets.map(\.count)
        let rows = try request.mixture.indices(counts: counts, seed: request.seed)
        for row in rows {
            var dataset = 0, index = row
            while index >= counts[dataset] {
                index -= counts[dataset]
                dataset += 1
            }
            datasets[dataset].count(index, in: &report)
        }
        datasets.forEach { $0.warnings.forEach { report.warn($0) } }
        return rows
    }
}
