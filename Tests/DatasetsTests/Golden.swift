import Foundation
import JSON
import Media
import Prompting

@testable import Datasets

/// What the reference systems gave, as Tools/fixtures/datasets_golden.py wrote it.
struct Golden: Decodable {
    /// Whole numbers, or their checksum when they are many.
    struct Numbers: Decodable {
        let values: [Int]?
        let checksum: String?

        func matches(_ numbers: [Int]) -> Bool {
            if let values { return values == numbers }
            return checksum == Golden.checksum(numbers.map(String.init).joined(separator: ","))
        }
    }

    struct Permutation: Decodable {
        let count: Int
        let seed: Int
        let torch: Numbers
        let numpy: Numbers
    }

    struct Sample: Decodable {
        let total: Int
        let count: Int
        let seed: Int
        let rows: Numbers
        let after: Numbers
    }

    struct Order: Decodable {
        let count: Int
        let seed: Int
        let epochs: [Numbers]
    }

    struct Split: Decodable {
        let count: Int
        let size: Double
        let seed: Int
        let train: Numbers
        let evaluation: Numbers
    }

    struct Mixture: Decodable {
        let counts: [Int]
        let strategy: String
        let probabilities: [Double]?
        let seed: Int
        let rows: Numbers
    }

    struct Row: Decodable, Equatable {
        let system: String?
        let tools: String?
        let messages: [[String]]
        let images: [String]
        let videos: [String]
        let audios: [String]
    }

    struct Demo: Decodable {
        let rows: Int
        let dropped: Int
        let checksum: String
    }

    struct Run: Decodable {
        let names: [String]
        let valSize: Double
        let maxSamples: Int?
        let mixStrategy: String?
        let interleaveProbs: [Double]?
        let numTrain: Int
        let numEvaluation: Int
        let train: String
        let evaluation: String
    }

    let permutations: [Permutation]
    let samples: [Sample]
    let orders: [Order]
    let splits: [Split]
    let mixtures: [Mixture]
    let conversions: [String: [Row?]]
    let demo: [String: Demo]
    let runs: [Run]

    /// LLaMA-Factory's demo data: beside the package, or where $ANNEAL_SHARED says; nil (and a line that says so) without them.
    static func demoFolder() -> String? {
        let beside = folder.appendingPathComponent("../../../../shared").standardizedFileURL.path
        let path = (ProcessInfo.processInfo.environment["ANNEAL_SHARED"] ?? beside) + "/data"
        if FileManager.default.fileExists(atPath: path) { return path }
        print("SKIPPED: the demo data are not at \(path)")
        return nil
    }

    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures")
    static let dataFolder = folder.appendingPathComponent("data").path

    static func load() throws -> Golden {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(Golden.self, from: Data(contentsOf: folder.appendingPathComponent("golden.json")))
    }

    /// FNV-1a over UTF-8 text.
    static func checksum(_ text: String) -> String {
        var state: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in text.utf8 { state = (state ^ UInt64(byte)) &* 0x100_0000_01B3 }
        let digits = String(state, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

extension Golden.Row {
    /// A converted row in the form of the golden values, paths relative to a folder.
    init(_ row: DataRow, relativeTo folder: String) {
        func paths(_ sources: [MediaSource]) -> [String] {
            sources.map { source in
                guard case .file(let path) = source else { return "\(source)" }
                return path.hasPrefix(folder + "/") ? String(path.dropFirst(folder.count + 1)) : path
            }
        }
        let conversation = row.conversation
        system = conversation.system
        tools = conversation.tools
        messages = conversation.messages.map { [$0.role.rawValue, $0.content] }
        images = paths(conversation.images)
        videos = paths(conversation.videos)
        audios = paths(conversation.audios)
    }

    /// The row as Python's json.dumps wrote it for the checksum.
    var json: JSONValue {
        func list(_ texts: [String]) -> JSONValue { .array(texts.map(JSONValue.string)) }
        return .object([
            .init("system", system.map(JSONValue.string) ?? .null),
            .init("tools", tools.map(JSONValue.string) ?? .null),
            .init("messages", .array(messages.map(list))), .init("images", list(images)), .init("videos", list(videos)),
            .init("audios", list(audios)),
        ])
    }
}
