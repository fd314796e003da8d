public import Basics
import JSON

/// The metrics of a run's phases as files: `train_results.json`, `eval_results.json`, `all_results.json`.
public enum RunResults {
    /// Writes `<split>_results.json` and merges the metrics into `all_results.json`; raw numbers, four-space indent, sorted
    /// keys, as transformers' `save_metrics`.
    /// - Parameter split: `train`, `eval` or `predict`.
    public static func write(_ metrics: LogRecord, split: String, folder: String) throws(FileError) {
        try write(metrics, to: "\(folder)/\(split)_results.json")
        let path = "\(folder)/all_results.json"
        var all = LogRecord()
        // A file that cannot be understood is replaced: it holds nothing that cannot be computed again.
        if let bytes = try Files.read(path), let known = LogRecord(try? JSONValue(json: bytes, path: path)) {
            all = known
        }
        all.merge(metrics)
        try write(all, to: path)
    }

    private static func write(_ metrics: LogRecord, to path: String) throws(FileError) {
        try AtomicFile.write(metrics.object.json(indent: 4, sortedKeys: true), to: path)
    }

    /// Run time and speeds, rounded as transformers' `speed_metrics`: `train_runtime`, `train_samples_per_second`, ….
    public static func speed(
        split: String, runtimeSeconds: Double, numSamples: Int? = nil, numSteps: Int? = nil, numTokens: Int? = nil
    ) -> LogRecord {
        var result: LogRecord = ["\(split)_runtime": .double(Python.round(runtimeSeconds, 4))]
        if runtimeSeconds == 0 { return result }
        for (name, count) in [("samples", numSamples), ("steps", numSteps), ("tokens", numTokens)] {
            guard let count else { continue }
            result["\(split)_\(name)_per_second"] = .double(Python.round(Double(count) / runtimeSeconds, 3))
        }
        return result
    }
}
