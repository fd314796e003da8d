import Foundation
import Parallelism
import Reporting
import RunConfig
import Torch
import Training

/// How the processes that train share the work: this one may be one of several, may have to start them, or does all by itself.
struct Distribution {
    private let config: RunConfig
    private let environment = ProcessInfo.processInfo.environment

    init(_ config: RunConfig) { self.config = config }

    /// Runs `body` in every process; does not return in one that has only started others.
    func run(_ body: (ProcessGroup) throws -> Void) throws {
        guard let place = try ProcessPlace(environment: environment) else {
            if let plan = try LaunchPlan(environment: environment, numDevices: numDevices) {
                exit(try Launcher(plan).run())
            }
            return try body(.alone)
        }
        guard place.size > 1 else { return try body(.alone) }
        Launcher.watchParent()
        if place.rank > 0 { Self.fallSilent() }
        do {
            let group = try ProcessGroup(place, timeoutSeconds: config.training.ddpTimeout)
            do {
                try body(group)
                try group.leave()
            } catch {
                group.fail("\(error)")
                throw error
            }
        } catch { throw DistributedError("rank \(place.rank): \(error)") }
    }

    /// GPUs that the run is spread over where nothing else is said.
    private func numDevices() -> Int {
        guard !config.training.useCPU, config.model.device != .cpu else { return 1 }
        let count = Device.numCUDADevices
        if count > 1, let reason = TrainingRun.reasonForOneProcess(config) {
            print("[note] one of \(count) GPUs is used: \(reason)")
            return 1
        }
        return count
    }

    /// Only the first process speaks; errors of all are heard.
    private static func fallSilent() {
        ProgressBar.silence()
        let nowhere = open("/dev/null", O_WRONLY)
        if nowhere >= 0 {
            dup2(nowhere, STDOUT_FILENO)
            close(nowhere)
        }
    }
}
