import CTorch

/// The LibTorch this process runs on.
public enum Runtime {
    public static var version: String { String(cString: ct_version()) }
    public static var cpuCapability: String { String(cString: ct_cpu_capability()) }
    public static var hasCUDA: Bool { ct_cuda_available() }

    /// Threads of one operator.
    public static var numThreads: Int {
        get { Int(ct_num_threads()) }
        set { ct_set_num_threads(Int32(newValue)) }
    }

    /// Seeds the process's generator, as torch.manual_seed.
    public static func seed(_ seed: UInt64) { ct_manual_seed(seed) }

    /// The generator's state (uint8), to be saved with a checkpoint.
    public static var randomState: Tensor {
        get { Tensor(ct_rng_state()) }
        set { ct_set_rng_state(newValue.handle) }
    }
}
