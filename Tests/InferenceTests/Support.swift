import Foundation
import Media
import Models
import RunConfig
import Testing
import Torch

@testable import Inference

/// The checkpoints of ModelsTests, the adapters and data of TrainingTests, and this target's own golden values.
enum Fixture {
    private static let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .path

    static func model(_ name: String) -> String { "\(tests)/ModelsTests/Fixtures/\(name)" }
    static func adapter(_ name: String) -> String { "\(tests)/TrainingTests/Fixtures/adapters/\(name)" }
    static let data = "\(tests)/TrainingTests/Fixtures/data"
    static let image = "\(data)/images"

    static func own(_ name: String) -> String { "\(tests)/InferenceTests/Fixtures/\(name).json" }

    static func json<Value: Decodable>(_ name: String) throws -> Value {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(Value.self, from: Data(contentsOf: URL(fileURLWithPath: own(name))))
    }

    static func config(_ arguments: String..., purpose: RunConfig.Purpose = .inference) throws -> RunConfig {
        try RunConfig.load(modelArguments: arguments, purpose: purpose)
    }

    static func session(_ arguments: String..., mergesAdapters: Bool = true) throws -> InferenceSession {
        let config = try RunConfig.load(modelArguments: arguments, purpose: .inference)
        return try InferenceSession(InferenceSettings(config), mergesAdapters: mergesAdapters)
    }

    /// The prompt and the tokens that transformers writes after it, of a case of ModelsTests' golden values.
    static func golden(_ name: String, case key: String) throws -> (prompt: Prompt, generated: [Int32]) {
        try TensorThread.cpu.run {
            let file = try SafetensorsFile(path: "\(model(name))/golden.safetensors")
            let ids = try #require(file.tensor("\(key).input_ids")).array(Int32.self)
            let generated = try #require(file.tensor("\(key).generated")).array(Int32.self)
            guard let vision = try ModelConfig(folder: model(name)).vision else {
                return (Prompt(tokenIDs: ids), generated)
            }
            let rows = try #require(file.tensor("\(key).image_grid_thw")).array(Int.self)
            let grids = stride(from: 0, to: rows.count, by: 3).map {
                PatchGrid(time: rows[$0], height: rows[$0 + 1], width: rows[$0 + 2])
            }
            let count = grids.reduce(0) { $0 + $1.numPatches } * vision.patchValues
            // The formula of ModelsTests' manifest.
            let pixels = (0..<count).map { (index: Int) -> Float in
                Float((31 * index * index + 7919 * index) % 2003) / 1001.5 - 1
            }
            let images = PromptMedia(patches: pixels, grids: grids)
            let prompt = try Prompt(
                tokenIDs: ids, images: images, videos: PromptMedia(), secondsPerGrid: [], config: vision)
            return (prompt, generated)
        }
    }
}

/// The built program, run as users run it.
enum Program {
    struct Output {
        let status: Int32
        let output: String
        let errors: String
    }

    static let url = Bundle.module.bundleURL.deletingLastPathComponent().appendingPathComponent("anneal")

    static func run(_ arguments: [String], input: String = "", folder: String? = nil) throws -> Output {
        let process = Process()
        process.executableURL = url
        process.arguments = arguments
        if let folder { process.currentDirectoryURL = URL(fileURLWithPath: folder) }
        let (stdin, stdout, stderr) = (Pipe(), Pipe(), Pipe())
        (process.standardInput, process.standardOutput, process.standardError) = (stdin, stdout, stderr)
        try process.run()
        try stdin.fileHandleForWriting.write(contentsOf: Data(input.utf8))
        try stdin.fileHandleForWriting.close()
        // Outputs here are smaller than a pipe's buffer.
        let output = try stdout.fileHandleForReading.readToEnd() ?? Data()
        let errors = try stderr.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return Output(
            status: process.terminationStatus, output: String(decoding: output, as: UTF8.self),
            errors: String(decoding: errors, as: UTF8.self))
    }
}
