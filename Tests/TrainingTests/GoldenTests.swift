import Foundation
import Media
import Models
import NN
import RunConfig
import Testing
import Torch

@testable import Training

/// transformers' learning rates (Fixtures/schedules.json).
struct ScheduleTests {
    struct Table: Decodable {
        enum Option: Decodable {
            case number(Double)
            case word(String)
            init(from decoder: any Swift.Decoder) throws {
                let value = try decoder.singleValueContainer()
                if let number = try? value.decode(Double.self) {
                    self = .number(number)
                } else {
                    self = .word(try value.decode(String.self))
                }
            }
            var text: String {
                switch self {
                case .number(let number): "\(number)"
                case .word(let word): word
                }
            }
        }
        let lr_scheduler_type: String
        let lr_scheduler_kwargs: [String: Option]
        let learning_rate: Double
        let warmup_steps: Int
        let total_steps: Int
        let values: [Double]
    }

    /// The schedule of a configuration with these settings.
    private func schedule(_ kind: String, _ options: [String: String], peak: Double, warmup: Int, total: Int) throws
        -> Schedule
    {
        let overrides =
            RunSettings.lora(output: "unused")
            + ["lr_scheduler_type=\(kind)", "learning_rate=\(peak)", "warmup_steps=\(warmup)"]
            + options.map { "lr_scheduler_kwargs.\($0.key)=\($0.value)" }
        let training = try RunConfig.load(file: nil, overrides: overrides).training
        return try Schedule(
            kind: training.lrSchedulerType, peak: training.learningRate, warmupSteps: training.warmupSteps(of: total),
            totalSteps: total,
            kwargs: training.lrSchedulerKwargs ?? [:])
    }

    @Test func `every schedule gives transformers' rate at every step`() throws {
        let tables = try read([Table].self, "\(Place.fixtures)/schedules.json")
        #expect(tables.count == 35)
        for table in tables {
            let schedule = try schedule(
                table.lr_scheduler_type, table.lr_scheduler_kwargs.mapValues(\.text), peak: table.learning_rate,
                warmup: table.warmup_steps,
                total: table.total_steps)
            let rates = (0..<table.total_steps).map { schedule.rate(step: $0) }
            let isEqual = zip(rates, table.values).allSatisfy { abs($0 - $1) <= 1e-15 + 1e-12 * abs($1) }
            #expect(
                isEqual && rates.count == table.values.count,
                "\(table.lr_scheduler_type) \(table.lr_scheduler_kwargs) \(rates)")
        }
        #expect(Set(tables.map(\.lr_scheduler_type)).count == 9)
    }
}

/// Base and adapter as peft computes them (Fixtures/adapters).
struct AdapterTests {
    @Test(arguments: ["qwen2", "llama3", "qwen2.5-vl"])
    func `logits, loss and gradients equal peft's`(_ name: String) throws {
        try TensorThread.cpu.run {
            let folder = "\(Place.fixtures)/adapters/\(name)",
                golden = try SafetensorsFile(path: "\(folder)/golden.safetensors")
            let model = try LanguageModel.load(folder: "\(Place.models)/\(name)", dtype: .float32)
            try model.loadLoRA(folder: folder)
            for (_, layer) in model.loraLayers {
                layer.a.makeTrainable()
                layer.b.makeTrainable()
            }
            let (pack, places) = try Self.pack(golden, model.config)
            let (logits, expected) = try scope {
                let input = pack.input(patchValues: model.config.vision?.patchValues ?? 1)
                let table = try #require(golden.tensor("logits"))
                let ours = noGrad { model.logits(model.hiddenStates(input)) }
                return (ours, table.reshape(-1, table.size(2)).rows(Tensor(places)))
            }
            let difference = try scope { (logits - expected).largest }
            #expect(difference < 2e-4)

            for recompute in [false, true] {
                let options = ForwardOptions(compute: .float32, recompute: recompute)
                let loss = try scope {
                    let result = SupervisedFineTuning().loss(of: pack, model: model, options: options)
                    result.backward()
                    return result.value
                }
                let theirs = try #require(golden.tensor("loss")).select(0, 0).item
                #expect(relativeDifference(loss, theirs) < 1e-5)
                var compared = 0
                for (path, layer) in model.loraLayers {
                    for (part, parameter) in [("lora_A", layer.a), ("lora_B", layer.b)] {
                        let name = "grad.base_model.model.\(path).\(part).default.weight"
                        let gradient = try #require(parameter.value.grad),
                            reference = try #require(golden.tensor(name), "\(name)")
                        let difference = try scope { (gradient - reference).largest / max(1e-3, reference.largest) }
                        #expect(difference < 1e-4, "\(name)")
                        parameter.value.clearGrad()
                        compared += 1
                    }
                }
                #expect(compared == golden.names.count { $0.hasPrefix("grad.") } && compared > 0)
            }
        }
    }

    /// The stored batch without its padding, and where its rows lie in the stored logits.
    static func pack(_ golden: SafetensorsFile, _ config: ModelConfig) throws -> (PackData, [Int]) {
        func rows(_ key: String) throws -> [[Int]] {
            let tensor = try #require(golden.tensor(key)), width = tensor.size(1), values = tensor.array(Int.self)
            return stride(from: 0, to: values.count, by: width).map { Array(values[$0..<$0 + width]) }
        }
        let ids = try rows("input.input_ids"), mask = try rows("input.attention_mask"), labels = try rows("labels")
        var grids =
            config.vision == nil
            ? [] : try rows("input.image_grid_thw").map { PatchGrid(time: $0[0], height: $0[1], width: $0[2]) }
        var pack = PackData(), places: [Int] = []
        pack.positions = Array(repeating: [], count: config.vision == nil ? 1 : 3)
        pack.images.grids = grids
        let numValues = grids.reduce(0) { $0 + $1.numPatches } * 1176
        pack.images.patches = (0..<numValues).map { (index: Int) -> Float in
            let mixed = (31 * index * index + 7919 * index) % 2003
            return Float(mixed) / 1001.5 - 1
        }
        for (row, sample) in ids.enumerated() {
            let first = pack.tokenIDs.count, kept = sample.indices.filter { mask[row][$0] == 1 }
            let tokens = kept.map { sample[$0] }
            pack.tokenIDs += tokens
            pack.offsets.append(pack.tokenIDs.count)
            places += kept.map { row * sample.count + $0 }
            for place in kept.dropFirst() where labels[row][place] != -100 {
                pack.labelRows.append(first + place - 1)
                pack.labels.append(labels[row][place])
            }
            guard let vision = config.vision else {
                pack.positions[0] += tokens.indices
                continue
            }
            pack.images.tokenRows += tokens.indices.filter { tokens[$0] == vision.imageTokenID }.map { first + $0 }
            let count = tokens.indices.count { tokens[$0] == vision.visionStartTokenID }
            let positions = try #require(
                MultimodalPositions.positions(
                    tokenIDs: tokens.map(Int32.init), images: Array(grids.prefix(count)), videos: [], config: vision))
            grids.removeFirst(count)
            for axis in 0..<3 { pack.positions[axis] += positions.rows[axis] }
        }
        pack.weights = Array(repeating: 1 / Float(pack.labels.count), count: pack.labels.count)
        return (pack, places)
    }
}
