import CTorch

/// The LibTorch this process runs on.
public enum Runtime {
    public static var version: String { String(cString: ct_version()) }
    public static var cpuCapability: String { String(cString: ct_cpu_capability()) }
    /// Instruction set of our own kernels: avx512, avx2 or baseline.
    public static var kernelSet: String { String(cString: ct_kernel_set()) }
    /// Whether a CUDA device can be used; opens CUDA to see.
    public static var hasCUDA: Bool { ct_cuda_available() }

    /// Threads of one operator.
    public static var numThreads: Int {
        get { Int(ct_num_threads()) }
        set { ct_set_num_threads(Int32(newValue)) }
    }

    /// Seeds the generators of all devices, as torch.manual_seed.
    public static func seed(_ seed: UInt64) { ct_manual_seed(seed) }

    /// The CPU generator's state (uint8), to be saved with a checkpoint.
    public static var randomState: Tensor {
        get { Tensor(ct_rng_state()) }
        set { ct_set_rng_state(newValue.handle) }
    }
}

extension Runtime {
    /// Instruction set of the kernels of generation: avx512bf16, avx512, avx2 or baseline.
    public static var inferenceKernelSet: String { String(cString: ct_inference_kernel_set()) }

    /// Bytes a second at which all threads together read `bytes` of memory, the best of a few tries.
    public static func readBandwidth(bytes: Int) -> Double { ct_read_bandwidth(Int64(bytes), 5) }
}
