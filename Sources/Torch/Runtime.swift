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

    /// Seconds in which all threads together read the memory of `tensors` once.
    public static func readSeconds(_ tensors: [Tensor]) -> Double {
        withHandles(tensors) { ct_read_seconds($0, $1) }
    }

    /// Runs `body` while the threads of the operators stand by, awake: for many short operators in a row. LibTorch's own
    /// operators use one thread there.
    public static func withTeam<Result, Failure>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
        var outcome: Swift.Result<Result, Failure>?
        withoutActuallyEscaping(body) { body in
            var task = {
                do throws(Failure) { outcome = .success(try body()) } catch { outcome = .failure(error) }
            }
            withUnsafeMutablePointer(to: &task) { pointer in
                ct_with_team({ $0?.assumingMemoryBound(to: (() -> Void).self).pointee() }, pointer)
            }
        }
        guard let outcome else { return try body() }
        return try outcome.get()
    }
}
