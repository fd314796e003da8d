extension RunConfig {
    /// What a schedule's further number must be.
    private enum Option {
        case number, count, choice([String])

        var expectation: String {
            switch self {
            case .number: "a number"
            case .count: "a whole number of at least 0"
            case .choice(let names): "one of " + names.joined(separator: ", ")
            }
        }

        func allows(_ value: ConfigValue) -> Bool {
            switch self {
            case .number: value.double != nil
            case .count: value.int.map { $0 >= 0 } ?? false
            case .choice(let names): value.string.map(names.contains) ?? false
            }
        }
    }

    /// The `lr_scheduler_kwargs` that each schedule of transformers takes.
    private static func options(of type: SchedulerType) -> [String: Option] {
        switch type {
        case .linear, .constant, .constantWithWarmup, .reduceLROnPlateau, .greedy: [:]
        case .cosine: ["num_cycles": .number]
        case .cosineWithRestarts: ["num_cycles": .count]
        case .polynomial: ["lr_end": .number, "power": .number]
        case .inverseSqrt: ["timescale": .count]
        case .cosineWithMinLR: ["num_cycles": .number, "min_lr": .number, "min_lr_rate": .number]
        case .cosineWarmupWithMinLR:
            ["num_cycles": .number, "min_lr": .number, "min_lr_rate": .number, "warmup_lr_rate": .number]
        case .warmupStableDecay:
            [
                "num_stable_steps": .count, "num_decay_steps": .count, "min_lr_ratio": .number, "num_cycles": .number,
                "warmup_type": .choice(["linear", "cosine", "1-sqrt"]),
                "decay_type": .choice(["linear", "cosine", "1-sqrt"]),
            ]
        }
    }

    /// Rules of the schedules' further numbers: transformers finds them out only when the training starts.
    func checkScheduler(_ failed: inout [CrossCheck]) {
        let key = "lr_scheduler_kwargs"
        let type = training.lrSchedulerType
        let given = training.lrSchedulerKwargs ?? [:]
        let options = Self.options(of: type)
        for (name, value) in given.sorted(by: { $0.key < $1.key }) {
            guard let option = options[name] else {
                let known = options.isEmpty ? "it has none" : "it has " + options.keys.sorted().joined(separator: ", ")
                failed.append(
                    CrossCheck(
                        keys: [key, "lr_scheduler_type"],
                        message: "`\(key)`: the schedule \(type.rawValue) has no `\(name)`; \(known)."))
                continue
            }
            if !option.allows(value) {
                failed.append(
                    CrossCheck(
                        keys: [key],
                        message: "`\(key)`: `\(name): \(value.text)` does not fit: expected \(option.expectation)."))
            }
        }
        if [.cosineWithMinLR, .cosineWarmupWithMinLR].contains(type) {
            let numFloors = ["min_lr", "min_lr_rate"].count { given[$0] != nil }
            if numFloors != 1 {
                failed.append(
                    CrossCheck(
                        keys: [key, "lr_scheduler_type"],
                        message: "The schedule \(type.rawValue) needs one of `min_lr` and `min_lr_rate` in `\(key)`."))
            }
        }
        if type == .polynomial {
            // The default end is 1e-7.
            let end = given["lr_end"]?.double ?? 1e-7
            if training.learningRate <= end {
                failed.append(
                    CrossCheck(
                        keys: ["learning_rate", key],
                        message: "The schedule polynomial needs a `learning_rate` above `lr_end` (\(end.configText))."))
            }
        }
    }
}
