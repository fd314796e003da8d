import Foundation
import Torch

/// cos and sin of every position of a packed batch, [T, headDim] fp32.
struct RotaryTable {
    let cos: Tensor
    let sin: Tensor

    /// `positions` has one row, or three (time, height, width) for M-RoPE; `offsets` bound the segments, whose lengths
    /// decide the base of dynamic scaling.
    init(_ config: RopeConfig, headDim: Int, positions: [[Int]], offsets: [Int]) {
        var lengths: [Int] = []
        if config.isLengthDependent {
            for (first, end) in zip(offsets, offsets.dropFirst()) {
                let length = (first..<end).map { positions[0][$0] + 1 }.max() ?? 0
                lengths += Array(repeating: length, count: end - first)
            }
        }
        self.init(config, headDim: headDim, positions: positions, lengths: lengths)
    }

    /// `lengths` decide the base of dynamic scaling row by row; it may be empty for other scalings.
    init(_ config: RopeConfig, headDim: Int, positions: [[Int]], lengths: [Int]) {
        let (plain, attentionFactor) = config.frequencies(headDim: headDim, length: nil)
        // The axis whose position turns each frequency; one for all of them without M-RoPE.
        var axes = [0]
        if let sections = config.sections, positions.count == 3 {
            axes = sections.enumerated().flatMap { Array(repeating: $0.offset, count: $0.element) }
        }
        let places = Tensor(positions.flatMap { $0.map(Float.init) }, shape: [positions.count, positions[0].count])
        var frequencies = Tensor(plain)
        if config.isLengthDependent {
            var known: [Int: [Float]] = [:]
            let rows = lengths.flatMap { length in
                let row = known[length] ?? config.frequencies(headDim: headDim, length: length).0
                known[length] = row
                return row
            }
            frequencies = Tensor(rows, shape: [lengths.count, headDim / 2])
        }
        // fp32, as torch computes them, and where the model lies: on the CPU it would take as long as a GPU's layers.
        let half = places.rows(Tensor(axes)).t * frequencies, angles = Tensor.cat([half, half], dim: 1)
        cos = angles.cos() * attentionFactor
        sin = angles.sin() * attentionFactor
    }
}

extension RopeConfig {
    /// Whether the base grows with the length of what is read.
    public var isLengthDependent: Bool {
        if case .dynamic = scaling { true } else { false }
    }

    /// Inverse frequencies [headDim / 2] and the factor on cos and sin (transformers' modeling_rope_utils.py).
    func frequencies(headDim: Int, length: Int?) -> ([Float], Double) {
        let half = headDim / 2
        func powers(_ base: Double) -> [Float] {
            (0..<half).map { 1 / Float(Foundation.pow(base, Double(2 * $0) / Double(headDim))) }
        }
        let plain = powers(theta)
        switch scaling {
        case .none: return (plain, 1)
        case .linear(let factor): return (plain.map { $0 / Float(factor) }, 1)
        case .dynamic(let factor, let original):
            let length = Double(max(length ?? original, original))
            let grown =
                theta * pow(factor * length / Double(original) - (factor - 1), Double(headDim) / Double(headDim - 2))
            return (powers(grown), 1)
        case .llama3(let factor, let low, let high, let original):
            let lowWavelength = Double(original) / low, highWavelength = Double(original) / high
            return (
                plain.map { frequency in
                    let wavelength = 2 * Double.pi / Double(frequency)
                    if wavelength < highWavelength { return frequency }
                    if wavelength > lowWavelength { return frequency / Float(factor) }
                    let smooth = Float((Double(original) / wavelength - low) / (high - low))
                    return (1 - smooth) * frequency / Float(factor) + smooth * frequency
                }, 1
            )
        case .yarn(let yarn):
            func dimension(_ rotations: Double) -> Double {
                Double(headDim) * log(Double(yarn.original) / (rotations * 2 * .pi)) / (2 * log(theta))
            }
            var low = dimension(yarn.betaFast), high = dimension(yarn.betaSlow)
            if yarn.truncates { (low, high) = (floor(low), ceil(high)) }
            low = max(low, 0)
            high = min(high, Double(headDim - 1))
            if low == high { high += 0.001 }
            return (
                plain.enumerated().map { index, frequency in
                    let ramp = Float(min(max((Double(index) - low) / (high - low), 0), 1))
                    let extrapolation = 1 - ramp
                    return frequency / Float(yarn.factor) * (1 - extrapolation) + frequency * extrapolation
                }, yarn.attentionFactor
            )
        }
    }
}
