import Foundation

/// The settings a model was trained with, saved beside it as `anneal.json`: what chat, prediction and serving start from,
/// so that a tuned model meets the prompts it knows and answers alike wherever it is asked.
public struct InferenceDefaults: Sendable, Codable, Equatable {
    public static let fileName = "anneal.json"

    public var template: String?
    public var defaultSystem: String?
    public var enableThinking: Bool?
    public var cutoffLen: Int?
    public var imageMaxPixels: Int?
    public var imageMinPixels: Int?
    public var videoMaxPixels: Int?
    public var videoMinPixels: Int?
    public var videoFps: Double?
    public var videoMaxlen: Int?
    public var doSample: Bool?
    public var temperature: Double?
    public var topP: Double?
    public var topK: Int?
    public var repetitionPenalty: Double?
    public var maxNewTokens: Int?
    public var maxLength: Int?
    public var skipSpecialTokens: Bool?
    public var thinkingBudget: Int?
    public var loopGuard: Bool?
    /// The model the adapter belongs to, as it was given.
    public var baseModel: String?

    public init() {}

    /// Reads the file of a folder; nil when there is none.
    public init?(folder: String) {
        guard let data = FileManager.default.contents(atPath: "\(folder)/\(Self.fileName)") else { return nil }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        guard let value = try? decoder.decode(Self.self, from: data) else { return nil }
        self = value
    }

    public func write(to folder: String) throws {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try encoder.encode(self).write(to: URL(fileURLWithPath: "\(folder)/\(Self.fileName)"), options: .atomic)
    }
}
