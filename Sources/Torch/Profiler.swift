import CTorch

/// Records where the time and the memory of this thread's tensor work go.
///
/// Our kernels and every operator of LibTorch report to it, backward passes included. While nothing is recorded they test
/// one pointer. Start, phases and stop belong to one thread, the tensor thread.
public enum Profiler {
    /// A part of a run.
    public enum Phase: Int32, Sendable, CaseIterable {
        case other, load, data, forward, backward, optimizer, evaluation, save

        /// Whether it belongs to the training steps.
        public var isStep: Bool { [.data, .forward, .backward, .optimizer].contains(self) }
    }

    /// What kernels are counted as.
    public enum Group: Int, Sendable, CaseIterable {
        case products, attention, elementwise, output, optimizer, data, copies, other

        /// What a reader calls it.
        public var title: String {
            switch self {
            case .products: "matrix products"
            case .attention: "attention"
            case .elementwise: "norms, rotary, gates"
            case .output: "output layer and loss"
            case .optimizer: "optimizer"
            case .data: "waiting for data, media"
            case .copies: "copies, look-ups"
            case .other: "other operators"
            }
        }
    }

    /// Begins a recording; false when one is under way already.
    public static func start() -> Bool { ct_profile_start() }

    /// Ends the recording and gives it out.
    public static func stop() -> ProfileRecording {
        ct_profile_stop()
        return ProfileRecording()
    }

    /// Counts what `body` does as `phase`.
    public static func phase<Result>(_ phase: Phase, _ body: () throws -> Result) rethrows -> Result {
        let before = ct_profile_phase(phase.rawValue)
        defer { _ = ct_profile_phase(before) }
        return try body()
    }
}
