import Foundation
import Torch

/// What a process draws its next random numbers from, as bytes: the generator of the CPU and that of its CUDA device.
struct RandomState: Sendable {
    private var generators: [String: Data]

    /// The state as it is now.
    static func current() -> RandomState {
        let tensors = [("cpu", Runtime.randomState)] + (Device.current.randomState.map { [("cuda", $0)] } ?? [])
        return RandomState(
            generators: Dictionary(uniqueKeysWithValues: tensors.map { ($0, Data($1.array(UInt8.self))) }))
    }

    private init(generators: [String: Data]) { self.generators = generators }

    /// Reads what `write` wrote.
    init(path: String) throws {
        let file = try SafetensorsFile(path: path)
        generators = [:]
        for name in ["cpu", "cuda"] { generators[name] = file.tensor(name).map { Data($0.array(UInt8.self)) } }
    }

    /// The file of a process in a checkpoint; transformers' names.
    static func fileName(rank: Int, of size: Int) -> String {
        size == 1 ? "rng_state.safetensors" : "rng_state_\(rank).safetensors"
    }

    /// Whether a checkpoint's file is one of these.
    static func isFileName(_ name: String) -> Bool { name.hasPrefix("rng_state") && name.hasSuffix(".safetensors") }

    /// The states of all processes, by rank.
    func gathered(_ group: ProcessGroup) throws -> [RandomState] {
        let parts = try ["cpu", "cuda"].map { name in (name, try group.gather(generators[name] ?? Data())) }
        return (0..<group.size).map { rank in
            RandomState(
                generators: Dictionary(
                    uniqueKeysWithValues: parts.map { ($0, $1[rank]) }.filter { !$0.1.isEmpty }))
        }
    }

    func write(to path: String) throws {
        let tensors = generators.sorted { $0.key < $1.key }.map { ($0.key, Tensor([UInt8]($0.value)).to(.cpu)) }
        try SafetensorsWriter.write(tensors, to: path)
    }

    /// Draws go on from here.
    func restore() throws {
        try scope("restoring the random state") {
            if let bytes = generators["cpu"] { Runtime.randomState = Tensor([UInt8](bytes)).to(.cpu) }
            if !Device.current.isCPU, let bytes = generators["cuda"] {
                Device.current.restoreRandomState(Tensor([UInt8](bytes)).to(.cpu))
            }
        }
    }
}
