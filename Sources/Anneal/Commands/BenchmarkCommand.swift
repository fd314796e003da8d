import ArgumentParser
import Inference
import Torch

/// For Benchmarks/decode.sh.
struct BenchmarkCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "benchmark", abstract: "Measures how fast a model writes, beside the machine's memory-read limit.",
        shouldDisplay: false)

    @Argument(help: "A model folder.")
    var model: String

    @Option(help: "An adapter that every request uses.")
    var adapter: String?

    @Option(help: "Quantize the weights: int8, int4, nf4 or fp4.")
    var quantization: String?

    @Option(help: "Requests that run together; may be given several times.")
    var streams: [Int] = [1, 16]

    @Option(help: "Tokens of a prompt.")
    var prompt = 128

    @Option(help: "Tokens of an answer.")
    var answer = 64

    @Option(help: "Tokens that all prompts begin with.")
    var shared = 0

    @Option(help: "auto, cpu or cuda.")
    var device = "auto"

    @Flag(help: "Random weights for the folder's config.json instead of a checkpoint.")
    var random = false

    func run() throws {
        guard let wish = Device.Wish(rawValue: device) else { throw CommandError("--device takes auto, cpu or cuda") }
        let benchmark = try DecodeBenchmark(
            modelFolder: model, adapter: adapter, quantization: quantization.map(WeightQuantization.init(name:)),
            device: wish, drawsWeights: random)
        print(benchmark.description)
        for (round, count) in streams.enumerated() {
            print(
                try benchmark.run(
                    DecodeBenchmark.Load(
                        numStreams: count, numPromptTokens: prompt, numAnswerTokens: answer, numSharedTokens: shared,
                        salt: round)))
        }
    }
}
