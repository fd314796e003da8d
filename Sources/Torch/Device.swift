import CTorch
import Foundation
import Synchronization

/// Where tensors lie: the CPU, or a CUDA device of this machine.
public enum Device: Sendable, Hashable, CustomStringConvertible {
    case cpu
    /// The number among the devices that CUDA_VISIBLE_DEVICES leaves.
    case cuda(Int)

    /// What a user may ask for.
    public enum Wish: String, Sendable, Hashable, CaseIterable {
        /// CUDA when it can be used, else the CPU.
        case auto
        case cpu
        case cuda
    }

    /// As PyTorch writes it: `cpu`, `cuda:0`.
    public var description: String {
        switch self {
        case .cpu: "cpu"
        case .cuda(let index): "cuda:\(index)"
        }
    }

    public var isCPU: Bool { self == .cpu }

    /// Where new tensors are made, by the whole process.
    public static var current: Device { Device(number: ct_default_device()) }

    /// Decides where this process computes and makes it `current`. To be called before the first tensor is made.
    ///
    /// - Parameter localRank: the number of this process among those of the machine, which is its device's.
    /// - Throws: `DeviceError` when CUDA is asked for and cannot be used; it says why and what to do.
    @discardableResult
    public static func choose(_ wish: Wish, localRank: Int = 0) throws -> Device {
        let device: Device
        switch wish {
        case .cpu: device = .cpu
        case .auto: device = ct_cuda_count() > 0 ? .cuda(localRank) : .cpu
        case .cuda:
            guard ct_cuda_count() > 0 else {
                throw DeviceError(
                    "device: cuda was asked for, but CUDA cannot be used: \(cudaReason). `anneal env` shows what was found; device: cpu computes on the CPU"
                )
            }
            device = .cuda(localRank)
        }
        guard device.isCPU || localRank < ct_cuda_count() else {
            throw DeviceError(
                "process \(localRank) of this machine has no GPU: there are \(ct_cuda_count()). Start as many processes (NPROC_PER_NODE, --nproc_per_node), or set device: cpu"
            )
        }
        try scope("choosing the device \(device)") {
            _ = ct_set_default_device(device.number)
            if let memory = device.memory { Self.free.withLock { $0 = $0 ?? memory.free } }
        }
        return device
    }

    /// CUDA devices that can be used; opens CUDA to see.
    public static var numCUDADevices: Int { Int(ct_cuda_count()) }

    /// Why CUDA cannot be used; empty when it can.
    public static var cudaReason: String { String(cString: ct_cuda_reason()) }

    /// What was looked for and found, as pairs of a name and a value.
    public static var report: [(name: String, value: String)] {
        String(cString: ct_cuda_report()).split(separator: "\n").map { line in
            let end = line.range(of: ": ") ?? (line.endIndex..<line.endIndex)
            return (String(line[..<end.lowerBound]), String(line[end.upperBound...]))
        }
    }

    /// The product's name; empty for the CPU.
    public var name: String { String(cString: ct_cuda_name(number)) }

    /// Free and all bytes of a CUDA device; nil for the CPU, whose memory others know.
    public var memory: (free: Int, total: Int)? {
        guard !isCPU else { return nil }
        var free: Int64 = 0, total: Int64 = 0
        return ct_cuda_memory(number, &free, &total) ? (Int(free), Int(total)) : nil
    }

    /// Bytes of the current CUDA device that were free before this process used any; nil on the CPU.
    public static var freeBytesAtStart: Int? { current.isCPU ? nil : free.withLock(\.self) }
    private static let free = Mutex<Int?>(nil)

    /// Waits until the device has done what it was given; the CPU never lags behind.
    public func synchronize() { ct_synchronize(number) }

    /// The state of a CUDA device's generator, to be saved with a checkpoint; nil for the CPU (see `Runtime`).
    public var randomState: Tensor? { isCPU ? nil : Tensor(ct_cuda_rng_state(number)) }

    /// Puts a saved state of the generator back.
    public func restoreRandomState(_ state: Tensor) { ct_set_cuda_rng_state(number, state.handle) }

    var number: Int32 {
        switch self {
        case .cpu: Int32(CT_CPU)
        case .cuda(let index): Int32(index)
        }
    }

    init(number: Int32) { self = number < 0 ? .cpu : .cuda(Int(number)) }
}

/// A device that cannot be used.
public struct DeviceError: Error, Sendable, CustomStringConvertible {
    public let description: String
    init(_ description: String) { self.description = description }
}

extension Tensor {
    /// Where this tensor lies.
    public var device: Device { Device(number: ct_device(handle)) }

    /// The same values on `device`; itself when it lies there.
    public func to(_ device: Device) -> Tensor {
        self.device == device ? self : Tensor(ct_to_device(handle, device.number))
    }

    /// The same values on `device` in `dtype`; moved before they are converted.
    public func to(_ device: Device, _ dtype: DType) -> Tensor { to(device).to(dtype) }
}
