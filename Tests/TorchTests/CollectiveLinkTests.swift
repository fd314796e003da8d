import CTorch
import Foundation
import Testing

/// NCCL is opened by name. Without a GPU it can still be found out whether all that is called of it is there: beside a CUDA build of
/// LibTorch, or where ANNEAL_NCCL says (the path of a libnccl.so.2).
struct CollectiveLinkTests {
    static let path: String? = {
        let folder = URL(fileURLWithPath: #filePath).appendingPathComponent("../../../.deps").standardized.path
        let places = [
            ProcessInfo.processInfo.environment["ANNEAL_NCCL"], "\(folder)/torch/../nvidia/nccl/lib/libnccl.so.2",
        ]
        return places.compactMap(\.self).first { FileManager.default.fileExists(atPath: $0) }
    }()

    @Test(.enabled(if: path != nil, "there is no libnccl.so.2 beside LibTorch; ANNEAL_NCCL=PATH names one"))
    func `NCCL has all functions that are called`() throws {
        let version = String(cString: ct_nccl_link(try #require(Self.path)))
        #expect(Int(version).map { $0 >= 20000 } == true, "\(version)")
    }

    @Test func `a library that is no NCCL is named`() {
        let text = String(cString: ct_nccl_link("/proc/self/exe"))
        #expect(text.hasPrefix("failed: "), "\(text)")
    }
}
