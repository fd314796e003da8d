import ArgumentParser
import Basics
import Datasets
import Foundation
import Reporting
import Torch

struct EnvironmentCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "env", abstract: "Shows versions, devices, CPU features and threads.")

    func run() throws {
        let process = ProcessInfo.processInfo
        let rows: [(String, String)] = [
            ("Anneal version", Program.version),
            ("Platform", process.operatingSystemVersionString),
            ("LibTorch version", Runtime.version),
            ("CPU", Self.cpuName ?? "unknown"),
            ("CPU capability (LibTorch)", Runtime.cpuCapability),
            ("CPU kernels (Anneal)", Runtime.kernelSet),
            ("CPU features", Self.cpuFeatures.joined(separator: " ")),
            ("Cores", "\(process.activeProcessorCount)"),
            ("Threads of an operator", "\(Runtime.numThreads)"),
            ("Memory", Int(process.physicalMemory).byteText),
            ("Cache of prepared data", Self.cache),
            (
                "Default data directory",
                FileManager.default.fileExists(atPath: "data/dataset_info.json") ? "detected" : "not detected"
            ),
        ]
        print("")
        for (name, value) in rows + Device.report { print("- \(name): \(value)") }
        print("")
    }

    /// Folder, size and limit of the cache.
    private static var cache: String {
        guard let folder = CacheFolder.path else { return "off (ANNEAL_CACHE)" }
        let size = CacheFolder.size(of: folder).byteText
        let limit: String
        do {
            limit = try CacheFolder.limit().map { "\($0.byteText) at most" } ?? "no limit"
        } catch {
            limit = error.message
        }
        return "\(folder), \(size), \(limit) (ANNEAL_CACHE and ANNEAL_CACHE_LIMIT; files in it may be deleted)"
    }

    private static func cpuField(_ name: String) -> String? {
        let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix(name) }),
            let colon = line.firstIndex(of: ":")
        else { return nil }
        return line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
    }

    private static var cpuName: String? { cpuField("model name") }

    /// The features that decide which kernels run.
    private static var cpuFeatures: [String] {
        (cpuField("flags") ?? "").split(separator: " ").map(String.init).filter {
            ["avx2", "fma", "avx512f", "avx512_bf16", "avx512_vnni", "avx_vnni", "amx_bf16", "amx_int8", "f16c"]
                .contains($0)
        }
    }
}

struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "version", abstract: "Shows the version.")

    func run() { print("\(Program.name) \(Program.version)") }
}
