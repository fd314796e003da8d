import Basics
import JSON

/// The lines a run prints, as transformers prints them. The caller decides where they go.
public enum ConsoleText {
    /// The numbers that stand at the head of a training.
    public struct TrainingHead: Sendable {
        public var numExamples: Int
        public var numEpochs: Int
        public var numUpdateStepsPerEpoch: Int?
        /// Examples a micro-batch on one device.
        public var batchSizePerDevice: Int
        /// Examples an optimizer step, over all devices and the accumulation.
        public var totalBatchSize: Int
        public var gradientAccumulationSteps: Int
        public var totalSteps: Int
        public var numTrainableParameters: Int

        public init(
            numExamples: Int, numEpochs: Int, numUpdateStepsPerEpoch: Int? = nil, batchSizePerDevice: Int,
            totalBatchSize: Int, gradientAccumulationSteps: Int, totalSteps: Int, numTrainableParameters: Int
        ) {
            self.numExamples = numExamples
            self.numEpochs = numEpochs
            self.numUpdateStepsPerEpoch = numUpdateStepsPerEpoch
            self.batchSizePerDevice = batchSizePerDevice
            self.totalBatchSize = totalBatchSize
            self.gradientAccumulationSteps = gradientAccumulationSteps
            self.totalSteps = totalSteps
            self.numTrainableParameters = numTrainableParameters
        }

        /// `***** Running training *****` and what follows it.
        public var lines: [String] {
            var lines = [
                "***** Running training *****",
                "  Num examples = \(numExamples.grouped)",
                "  Num Epochs = \(numEpochs.grouped)",
            ]
            if let numUpdateStepsPerEpoch {
                lines.append("  Num update steps per epoch = \(numUpdateStepsPerEpoch.grouped)")
            }
            return lines + [
                "  Instantaneous batch size per device = \(batchSizePerDevice.grouped)",
                "  Total train batch size (w. parallel, distributed & accumulation) = \(totalBatchSize.grouped)",
                "  Gradient Accumulation steps = \(gradientAccumulationSteps)",
                "  Total optimization steps = \(totalSteps.grouped)",
                "  Number of trainable parameters = \(numTrainableParameters.grouped)",
            ]
        }
    }

    /// `***** Running Evaluation *****` (or Prediction) and its sizes.
    public static func evaluationHead(_ name: String = "Evaluation", numExamples: Int, batchSize: Int) -> [String] {
        ["***** Running \(name) *****", "  Num examples = \(numExamples)", "  Batch size = \(batchSize)"]
    }

    /// One log as a Python dict of strings with four significant digits: `{'loss': '11.96', 'grad_norm': '0.3163', …}`.
    /// `total_flos` and `step` are left out.
    public static func logLine(_ record: LogRecord) -> String {
        let parts = record.entries.filter { $0.key != "total_flos" && $0.key != "step" }.map { entry in
            switch entry.value {
            case .double(let value) where value.isNaN: "'\(entry.key)': 'nan'"
            case .double(let value): "'\(entry.key)': '\(Python.format(value, "%.4g"))'"
            case .int(let value): "'\(entry.key)': \(value)"
            case .bool(let value): "'\(entry.key)': \(value ? "True" : "False")"
            case .string(let value): "'\(entry.key)': '\(value)'"
            case .null: "'\(entry.key)': None"
            case .largeInt, .array, .object: "'\(entry.key)': \(entry.value.json())"
            }
        }
        return "{\(parts.joined(separator: ", "))}"
    }

    /// `***** train metrics *****` with sorted names and values aligned to the right.
    public static func metricsBlock(split: String, _ metrics: LogRecord) -> [String] {
        let rows = metrics.sorted.map { ($0.key, metricText($0.key, $0.value)) }
        let keyWidth = rows.map(\.0.count).max() ?? 0
        let valueWidth = rows.map(\.1.count).max() ?? 0
        func spaces(_ count: Int) -> String { String(repeating: " ", count: max(0, count)) }
        return ["***** \(split) metrics *****"]
            + rows.map { key, value in
                "  \(key)\(spaces(keyWidth - key.count)) = \(spaces(valueWidth - value.count))\(value)"
            }
    }

    /// A metric as transformers' `metrics_format` shows it: run times as H:MM:SS.ff, floating-point operations in units of
    /// 2^30 (GF), memory in MB, other fractions with four decimals.
    private static func metricText(_ key: String, _ value: JSONValue) -> String {
        if key.contains("_mem_"), let bytes = value.integer { return "\(bytes >> 20)MB" }
        if key.contains("_runtime"), let seconds = value.number, seconds.isFinite {
            // The reference cuts the fraction instead of rounding it: 11.9577 s are 0:00:11.95.
            let hundredths = Int((seconds - seconds.rounded(.towardZero)).magnitude * 100)
            return "\(Python.duration(seconds)).\(hundredths < 10 ? "0" : "")\(hundredths)"
        }
        if key == "total_flos", let operations = value.number, operations.isFinite, operations.magnitude < 9e18 {
            return "\(Int(operations) >> 30)GF"
        }
        switch value {
        case .double(let number): return Python.round(number, 4).pythonText
        case .string(let text): return text
        default: return value.json()
        }
    }
}
