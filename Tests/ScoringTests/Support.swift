import Foundation
import JSON
import Testing

@testable import Scoring

/// Golden values and files of tests.
enum Fixture {
    static func json(_ name: String) throws -> JSONValue {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path
        let data = try #require(FileManager.default.contents(atPath: "\(folder)/Fixtures/\(name).json"))
        return try JSONValue(parsing: [UInt8](data))
    }

    static func line(_ label: String, _ predict: String, prompt: String = "") -> PredictionLine {
        PredictionLine(prompt: prompt, predict: predict, label: label)
    }
}

extension JSONValue {
    func strings(_ key: String) -> [String] { self[key]?.arrayValue?.compactMap(\.stringValue) ?? [] }
    func numbers(_ key: String) -> [Double] { self[key]?.arrayValue?.compactMap(\.number) ?? [] }
    func objects(_ key: String) -> [JSONValue] { self[key]?.arrayValue ?? [] }
}
