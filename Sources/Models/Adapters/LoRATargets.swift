import Basics
import NN

/// Which groups of a vision-language model stay as they are.
public struct FrozenGroups: Sendable, Equatable {
    public var visionTower: Bool
    public var projector: Bool
    public var languageModel: Bool

    public init(visionTower: Bool = true, projector: Bool = true, languageModel: Bool = false) {
        self.visionTower = visionTower
        self.projector = projector
        self.languageModel = languageModel
    }

    /// Whether the parameter or layer at `path` belongs to a frozen group (LLaMA-Factory's get_forbidden_modules).
    public func contains(_ path: String) -> Bool {
        if path.hasPrefix("model.visual.merger.") { return projector }
        if path.hasPrefix("model.visual.") { return visionTower }
        return languageModel
    }
}

extension LanguageModel {
    /// The adapter's target_modules for LLaMA-Factory's `lora_target`: `all` stands for every linear layer except the
    /// output layer; a vision-language model lists whole paths, so that nothing frozen is touched; an entry with the
    /// signs of a regular expression is one, over whole module paths.
    public func loraTargets(_ requested: [String], frozen: FrozenGroups) throws -> AdapterConfig.Targets {
        let all = linears().map(\.path).filter { $0 != "lm_head" }
        if requested.count == 1, Self.isPattern(requested[0]) {
            guard try all.contains(where: { try AdapterConfig.fullMatch(requested[0], $0) }) else {
                throw FileError(
                    "lora_target", "the pattern \(requested[0]) matches no linear layer, for example \(all[0])")
            }
            return .pattern(requested[0])
        }
        // The projector is no target even when it is trained (LLaMA-Factory: find_all_linear_modules).
        let allowed =
            vision == nil
            ? all
            : all.filter {
                !frozen.contains($0) && !$0.hasPrefix("model.visual.merger.") && !$0.contains("patch_embed")
            }
        let names = requested == ["all"] ? Self.leafNames(allowed) : requested
        for name in names where !all.contains(where: { $0 == name || $0.hasSuffix("." + name) }) {
            throw FileError(
                "lora_target",
                "\(name) is no linear layer of this model; there are \(Self.leafNames(all).joined(separator: ", "))")
        }
        guard vision != nil else { return .names(names) }
        let paths = allowed.filter { path in names.contains { path == $0 || path.hasSuffix("." + $0) } }
        guard !paths.isEmpty else {
            throw FileError(
                "lora_target",
                requested == ["all"]
                    ? "every layer is frozen, and the projector gets no adapters; set freeze_language_model or freeze_vision_tower to false"
                    : "every layer named \(requested.joined(separator: ", ")) is frozen or in the projector, which gets no adapters; see freeze_vision_tower and freeze_language_model"
            )
        }
        return .names(paths)
    }

    /// Last parts of the paths, in order of first appearance.
    public static func leafNames(_ paths: [String]) -> [String] {
        var seen = Set<String>()
        return paths.compactMap { path in
            let leaf = path.split(separator: ".").last.map(String.init) ?? path
            return seen.insert(leaf).inserted ? leaf : nil
        }
    }

    private static func isPattern(_ name: String) -> Bool { name.contains { "*+?()[]|^$\\".contains($0) } }
}
