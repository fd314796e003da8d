import Foundation
public import RunConfig

extension RunConfig {
    /// Reads what follows chat, predict or export: a YAML or JSON file or a model or adapter folder, then `key=value`
    /// overrides or `--key value` flags in any order.
    ///
    /// - Throws: `ConfigError` with every problem, `InferenceError` for a folder that is no model.
    public static func load(modelArguments arguments: [String], purpose: Purpose) throws -> RunConfig {
        var overrides: [String] = []
        var rest = arguments[...]
        var file: String?
        if let first = rest.first, !first.hasPrefix("--"),
            !first.contains("=") || FileManager.default.fileExists(atPath: first)
        {
            rest = rest.dropFirst()
            if [".yaml", ".yml", ".json"].contains(where: first.lowercased().hasSuffix) {
                file = first
            } else {
                overrides = try ModelLocation(folder: first).overrides
            }
        }
        while let argument = rest.popFirst() {
            guard argument.hasPrefix("--") else {
                overrides.append(argument)
                continue
            }
            let name = argument.dropFirst(2)
            if name.contains("=") {
                overrides.append(String(name))
            } else if let value = rest.first, !value.hasPrefix("--") {
                rest = rest.dropFirst()
                overrides.append("\(name)=\(value)")
            } else {
                overrides.append("\(name)=true")
            }
        }
        guard file != nil || !overrides.isEmpty else {
            throw InferenceError("give a YAML file, or the folder of a model or an adapter")
        }
        return try load(
            file: file, overrides: overrides.map { $0.replacingFirstDashes }.flatMap(quantization), purpose: purpose)
    }
}

/// vLLM's `quantization=int8` in LLaMA-Factory's keys.
private func quantization(_ override: String) -> [String] {
    switch override {
    case "quantization=int8": ["quantization_bit=8"]
    case "quantization=int4": ["quantization_bit=4"]
    default: [override]
    }
}

extension String {
    /// `max-new-tokens=6` as `max_new_tokens=6`; the value stays as it is.
    fileprivate var replacingFirstDashes: String {
        guard let equals = firstIndex(of: "=") else { return self }
        return self[..<equals].replacingOccurrences(of: "-", with: "_") + self[equals...]
    }
}
