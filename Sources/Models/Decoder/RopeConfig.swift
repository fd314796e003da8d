import Basics
import Foundation

/// How positions become rotation angles.
public struct RopeConfig: Sendable, Equatable {
    public enum Scaling: Sendable, Equatable {
        case none
        /// Positions divided by `factor`.
        case linear(factor: Double)
        /// Base grown with the length beyond `original` positions (NTK).
        case dynamic(factor: Double, original: Int)
        /// Frequencies interpolated between fast and slow turns (Peng et al. 2023).
        case yarn(Yarn)
        /// Llama 3.1's frequency bands.
        case llama3(factor: Double, lowFrequencyFactor: Double, highFrequencyFactor: Double, original: Int)
    }

    public struct Yarn: Sendable, Equatable {
        public var factor: Double
        public var original: Int
        public var betaFast: Double
        public var betaSlow: Double
        public var attentionFactor: Double
        public var truncates: Bool
    }

    public var theta: Double
    public var scaling: Scaling
    /// M-RoPE: how many frequencies follow the time, height and width position.
    public var sections: [Int]?

    public init(theta: Double, scaling: Scaling = .none, sections: [Int]? = nil) {
        self.theta = theta
        self.scaling = scaling
        self.sections = sections
    }

    /// From config.json: `rope_parameters` (transformers 5) or `rope_theta` with `rope_scaling` (4).
    init(_ fields: ConfigFields, maxPositions: Int) throws {
        let section = fields.section("rope_parameters") ?? fields.section("rope_scaling")
        theta =
            try section?.has("rope_theta") == true
            ? section!.double("rope_theta") : fields.double("rope_theta", default: 10000)
        sections = section?.object["mrope_section"] as? [Int]
        scaling = .none
        guard let section else { return }
        let kind = section.object["rope_type"] as? String ?? section.object["type"] as? String ?? "default"
        let original = try section.int(
            "original_max_position_embeddings",
            default: fields.int("original_max_position_embeddings", default: maxPositions))
        switch kind {
        case "default", "mrope": break
        case "linear": scaling = .linear(factor: try section.double("factor"))
        case "dynamic": scaling = .dynamic(factor: try section.double("factor"), original: original)
        case "yarn": scaling = .yarn(try Self.yarn(section, original: original, maxPositions: maxPositions))
        case "llama3":
            scaling = .llama3(
                factor: try section.double("factor"), lowFrequencyFactor: try section.double("low_freq_factor"),
                highFrequencyFactor: try section.double("high_freq_factor"), original: original)
        default: throw FileError(fields.path, "rope scaling \"\(kind)\" is not supported")
        }
    }

    private static func yarn(_ section: ConfigFields, original: Int, maxPositions: Int) throws -> Yarn {
        let factor = try section.has("factor") ? section.double("factor") : Double(maxPositions) / Double(original)
        func magnitude(_ scale: Double, _ weight: Double) -> Double { scale <= 1 ? 1 : 0.1 * weight * log(scale) + 1 }
        var attention = magnitude(factor, 1)
        if section.has("attention_factor") {
            attention = try section.double("attention_factor")
        } else if section.has("mscale"), section.has("mscale_all_dim") {
            attention =
                magnitude(factor, try section.double("mscale"))
                / magnitude(factor, try section.double("mscale_all_dim"))
        }
        return Yarn(
            factor: factor, original: original, betaFast: try section.double("beta_fast", default: 32),
            betaSlow: try section.double("beta_slow", default: 1), attentionFactor: attention,
            truncates: try section.bool("truncate", default: true))
    }
}
