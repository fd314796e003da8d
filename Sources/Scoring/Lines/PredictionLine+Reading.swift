import Foundation
import JSON

extension PredictionLine {
    /// Reads the predictions of a file: one JSON object a line, as LLaMA-Factory's generated_predictions.jsonl and
    /// vllm_infer's file are, or one JSON array of such objects.
    ///
    /// - Throws: `MetricsError` that names the file, the row and the key.
    public static func read(path: String) throws(MetricsError) -> [PredictionLine] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw MetricsError("\(path) cannot be read; is there such a file?")
        }
        var bytes = [UInt8](data)
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes.removeFirst(3) }
        guard let first = bytes.first(where: { !$0.isJSONSpace }) else {
            throw MetricsError("\(path) is empty; `anneal predict` writes such a file")
        }
        if first == UInt8(ascii: "[") {
            let value: JSONValue
            do throws(JSONError) { value = try JSONValue(parsing: bytes) } catch {
                throw MetricsError("\(path), line \(error.line): \(error.message)")
            }
            return try collect(path, (value.arrayValue ?? []).map { .success($0) })
        }
        let rows = bytes.split(separator: 0x0A).filter { line in line.contains { !$0.isJSONSpace } }.map { line in
            Result<JSONValue, JSONError> { () throws(JSONError) in try JSONValue(parsing: Array(line)) }
        }
        return try collect(path, rows)
    }

    private static func collect(_ path: String, _ rows: [Result<JSONValue, JSONError>]) throws(MetricsError)
        -> [PredictionLine]
    {
        var lines: [PredictionLine] = []
        for (index, row) in rows.enumerated() {
            switch row {
            case .failure(let error): throw MetricsError("\(path), row \(index + 1): \(error.message)")
            case .success(let value):
                do throws(MetricsError) { lines.append(try PredictionLine(value)) } catch {
                    throw MetricsError("\(path), row \(index + 1): \(error.description)")
                }
            }
        }
        if lines.isEmpty { throw MetricsError("\(path) has no rows; `anneal predict` writes such a file") }
        return lines
    }

    /// A line from its JSON: `predict` and `label` must be there, `prompt` may be missing.
    ///
    /// Probabilities are read from `label_probs` (an object: class to probability) or `label_logprobs` (natural logarithms,
    /// which are normalised).
    init(_ value: JSONValue) throws(MetricsError) {
        guard value.members != nil else {
            throw MetricsError("is \(value.kind); it must be an object with \"predict\" and \"label\"")
        }
        func text(_ key: String, default other: String? = nil) throws(MetricsError) -> String {
            switch value[key] {
            case .string(let text)?: return text
            case .int(let number)?: return String(number)
            case .bool(let value)?: return value ? "true" : "false"
            case nil:
                if let other { return other }
                throw MetricsError("has no \"\(key)\"; predictions are {\"prompt\", \"predict\", \"label\"} objects")
            case let found?: throw MetricsError("\"\(key)\" is \(found.kind), it must be text")
            }
        }
        self.init(
            prompt: try text("prompt", default: ""), predict: try text("predict"), label: try text("label"),
            labelProbabilities: try Self.probabilities(value))
    }

    private static func probabilities(_ value: JSONValue) throws(MetricsError) -> [LabelProbability]? {
        for (key, isLogarithm) in [("label_probs", false), ("label_logprobs", true)] {
            guard let found = value[key], !found.isNull else { continue }
            guard let members = found.members, !members.isEmpty else {
                throw MetricsError("\"\(key)\" is \(found.kind), it must be an object {class: number}")
            }
            var numbers: [Double] = []
            for member in members {
                guard let number = member.value.number, !number.isNaN,
                    isLogarithm ? number <= 1e-6 : (-1e-6...1 + 1e-6).contains(number)
                else {
                    throw MetricsError(
                        "\"\(key)\" of \"\(member.key)\" must be \(isLogarithm ? "a number of at most 0" : "a number from 0 to 1")"
                    )
                }
                numbers.append(number)
            }
            if isLogarithm {
                let highest = numbers.max() ?? 0
                let weights = numbers.map { highest == -.infinity ? 1 : exp($0 - highest) }
                let sum = weights.reduce(0, +)
                numbers = weights.map { $0 / sum }
            }
            return zip(members, numbers).map { LabelProbability(label: $0.key, probability: $1) }
        }
        return nil
    }
}

extension UInt8 {
    fileprivate var isJSONSpace: Bool { self == 0x20 || self == 0x09 || self == 0x0A || self == 0x0D }
}
