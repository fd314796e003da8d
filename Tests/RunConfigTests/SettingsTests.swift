import Foundation
import Testing

@testable import RunConfig

/// A value of the golden JSON.
enum GoldenValue: Decodable {
    case null, bool(Bool), number(Double), text(String), list([GoldenValue]), map([String: GoldenValue])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .text(value)
        } else if let value = try? container.decode([GoldenValue].self) {
            self = .list(value)
        } else {
            self = .map(try container.decode([String: GoldenValue].self))
        }
    }

    /// The value as a setting's default is written.
    var text: String {
        switch self {
        case .null: "null"
        case .bool(let value): value.configText
        case .number(let value): value.configText
        case .text(let value): value
        case .list(let values): "[" + values.map(\.text).joined(separator: ", ") + "]"
        case .map(let values): "{" + values.keys.sorted().joined(separator: ", ") + "}"
        }
    }

    /// Whether a value of the configuration means the same.
    func matches(_ value: ConfigValue) -> Bool {
        switch self {
        case .null: value == .null
        case .bool(let expected): value.bool == expected
        case .number(let expected): value.double == expected
        case .text(let expected): value.string == expected
        case .list(let expected):
            value.list.map { list in list.count == expected.count && zip(expected, list).allSatisfy { $0.matches($1) } }
                ?? false
        case .map(let expected):
            value.map.map { map in
                map.count == expected.count && expected.allSatisfy { key, item in map[key].map(item.matches) ?? false }
            } ?? false
        }
    }
}

@Suite struct SettingsTests {
    private struct Golden: Decodable {
        let sections: [String: [String: GoldenValue]]
        let values: [String: GoldenValue]
    }

    private let golden: Golden

    init() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures")
        golden = try JSONDecoder().decode(
            Golden.self, from: Data(contentsOf: folder.appendingPathComponent("golden.json")))
    }

    @Test func `every argument of LLaMA-Factory is known, with its default`() throws {
        // Ours are "nobody" instead of the text none, and the folder that transformers falls back to.
        let differences = ["report_to": "[]", "output_dir": "trainer_output", "include_for_metrics": "[]"]
        var numChecked = 0
        for (_, arguments) in golden.sections {
            for (key, value) in arguments {
                let setting = try #require(RunConfig.index[key]?.setting, "\(key) is not declared")
                let expected = differences[key] ?? value.text
                #expect([expected, "[\(expected)]"].contains(setting.defaultText), "\(key)")
                numChecked += 1
            }
        }
        #expect(numChecked == 354)
    }

    @Test func `keys are declared once, in the spelling of their property`() {
        for (title, settings) in RunConfig.sections { #expect(!settings.isEmpty, "\(title)") }
        let keys = RunConfig.sections.flatMap(\.settings).map(\.key)
        #expect(Set(keys).count == keys.count)
        let otherNames = RunConfig.sections.flatMap(\.settings).compactMap(\.otherName)
        #expect(Set(keys + otherNames) == Set(RunConfig.index.keys))
        let declarations: [Any] = [
            ModelSettings.declarations, DataSettings.declarations, TuningSettings.declarations,
            TrainingSettings.declarations,
            GenerationSettings.declarations, ExportSettings.declarations, EvaluationSettings.declarations,
        ]
        for child in declarations.flatMap({ Mirror(reflecting: $0).children }) {
            guard let setting = child.value as? any AnySetting else { continue }
            #expect(child.label?.lowercased() == setting.key.replacing("_", with: ""), "\(setting.key)")
        }
    }

    @Test func `each default fits its own setting`() throws {
        for setting in RunConfig.sections.flatMap(\.settings) where setting.defaultText != "" {
            let document = try ConfigDocument(overrides: ["k=\(setting.defaultText)"])
            let value = try #require(document.entries.first?.value)
            #expect(setting.decode(value)?.configText == setting.defaultText, "\(setting.key): \(setting.defaultText)")
        }
    }

    @Test func `texts mean what OmegaConf makes of them`() throws {
        #expect(golden.values.count == 24)
        for (text, expected) in golden.values {
            let value = try #require(try ConfigDocument(overrides: ["k=\(text)"]).entries.first?.value)
            #expect(expected.matches(value), "'\(text)' gave \(value)")
        }
    }

    @Test func `the help text has every key`() {
        for (key, entry) in RunConfig.index {
            #expect(RunConfig.documentation.contains("\n\(entry.setting.key): "), "\(key)")
        }
        #expect(
            RunConfig.documentation(of: "lora_rank")
                == "lora_rank: 8  # Rank of the adapter. (a whole number of at least 1)\n")
    }
}
