import CTorch

/// What CUDA tensors are computed with, testable on the CPU: LibTorch's operators instead of our kernels.
package enum ComposedOperators {
    /// Runs `body` with composed operators on this thread; with `kernels`, those for CUDA are emulated.
    package static func use<Result>(kernels: Bool = false, _ body: () throws -> Result) rethrows -> Result {
        ct_set_composed(true, kernels)
        defer { ct_set_composed(false, false) }
        return try body()
    }

    /// Compiles the kernels for a GPU of this compute capability, which needs none; why not when it fails.
    package static func compileKernels(major: Int, minor: Int) -> String? {
        let reason = String(cString: ct_cuda_compile(Int32(major), Int32(minor)))
        return reason.isEmpty ? nil : reason
    }

    /// Names of LibTorch's operators that this thread calls from now on until `recorded` is read.
    package static func record() { ct_record_operators() }
    package static var recorded: [String] {
        String(cString: ct_recorded_operators()).split(separator: "\n").map(String.init)
    }

    /// Opens the CUDA libraries even without a device; why not when it fails.
    package static func openLibraries() -> String? {
        let reason = String(cString: ct_cuda_link())
        return reason.isEmpty ? nil : reason
    }

    /// Those of `operators` that have no kernel for CUDA tensors; the libraries must be open.
    package static func missingKernels(_ operators: [String]) -> [String] {
        String(cString: ct_cuda_missing_kernels(operators.joined(separator: "\n"))).split(separator: "\n").map(
            String.init)
    }

    /// Symbols that are looked up in the CUDA libraries by name and are not there.
    package static var missingSymbols: [String] {
        String(cString: ct_cuda_symbols()).split(separator: "\n").map(String.init).filter { !ct_cuda_has_symbol($0) }
    }
}
