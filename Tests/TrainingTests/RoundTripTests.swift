import Foundation
import Media
import Models
import Testing
import Torch

@testable import Training

/// Our half of Tools/parity/round_trip.sh: writes this program's logits of base + adapter for peft to be compared with.
/// ANNEAL_ROUND_TRIP holds MODEL:ADAPTER:IDS.json:LOGITS.safetensors.
struct RoundTripTests {
    private static let paths = (ProcessInfo.processInfo.environment["ANNEAL_ROUND_TRIP"] ?? "").split(separator: ":")
        .map(String.init)

    /// One batch of rows of equal length; the images are those of the formula in ModelsTests' manifest.
    private struct Batch: Decodable {
        let input_ids: [[Int]]
        let image_grid_thw: [[Int]]
    }

    @Test(.enabled(if: !paths.isEmpty, "run by Tools/parity/round_trip.sh"))
    func `logits of base and adapter are written for peft`() throws {
        try #require(Self.paths.count == 4)
        let paths = Self.paths, batch = try read(Batch.self, paths[2])
        try TensorThread.cpu.run {
            let model = try LanguageModel.load(folder: paths[0], dtype: .float32)
            try model.loadLoRA(folder: paths[1])
            var grids = batch.image_grid_thw.map { PatchGrid(time: $0[0], height: $0[1], width: $0[2]) }
            var pack = PackData()
            pack.positions = Array(repeating: [], count: model.config.vision == nil ? 1 : 3)
            pack.images.grids = grids
            let numValues = grids.reduce(0) { $0 + $1.numPatches } * (model.config.vision?.patchValues ?? 1)
            pack.images.patches = (0..<numValues).map { (index: Int) -> Float in
                let mixed = (31 * index * index + 7919 * index) % 2003
                return Float(mixed) / 1001.5 - 1
            }
            for row in batch.input_ids {
                let first = pack.tokenIDs.count
                pack.tokenIDs += row
                pack.offsets.append(pack.tokenIDs.count)
                guard let vision = model.config.vision else {
                    pack.positions[0] += row.indices
                    continue
                }
                pack.images.tokenRows += row.indices.filter { row[$0] == vision.imageTokenID }.map { first + $0 }
                let count = row.count { $0 == vision.visionStartTokenID }
                let positions = try #require(
                    MultimodalPositions.positions(
                        tokenIDs: row.map(Int32.init), images: Array(grids.prefix(count)), videos: [], config: vision))
                grids.removeFirst(count)
                for axis in 0..<3 { pack.positions[axis] += positions.rows[axis] }
            }
            let logits = try scope {
                noGrad {
                    model.logits(model.hiddenStates(pack.input(patchValues: model.config.vision?.patchValues ?? 1)))
                }
            }
            let shape = [batch.input_ids.count, logits.size(0) / batch.input_ids.count, logits.size(1)]
            try SafetensorsWriter.write([("logits", logits.reshape(shape))], to: paths[3])
        }
    }
}
