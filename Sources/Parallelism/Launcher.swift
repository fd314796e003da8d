import Basics
import Foundation
import Synchronization
import Torch

/// Starts the processes of a plan and waits for them: signals are handed on, and when one fails the others end.
public struct Launcher {
    /// The variable that names the process that started this one.
    private static let parentVariable = "ANNEAL_LAUNCHER"
    /// How long the others may take to end by themselves, with an error that says why.
    private static let graceSeconds = 20.0

    private let plan: LaunchPlan
    private let program: String
    private let arguments: [String]

    /// - Parameter arguments: of each process, the program's name first.
    public init(_ plan: LaunchPlan, program: String = "/proc/self/exe", arguments: [String] = CommandLine.arguments) {
        self.plan = plan
        // Where the link points to: in a child it would name the child.
        self.program = (try? FileManager.default.destinationOfSymbolicLink(atPath: program)) ?? program
        self.arguments = arguments
    }

    /// Runs all processes to their end.
    ///
    /// - Returns: 0 when all succeeded, else the status of the first that failed, as a shell shows it.
    public func run() throws -> Int32 {
        Signals.listen()
        var running: [pid_t: ProcessPlace] = [:]
        defer { for process in running.keys { kill(process, SIGKILL) } }
        for place in plan.places { running[try start(place)] = place }
        var failure: (line: String, status: Int32, time: Double)?, numSent = 0
        while !running.isEmpty {
            var status: Int32 = 0
            let process = waitpid(-1, &status, WNOHANG)
            if let place = running.removeValue(forKey: process) {
                if status != 0, failure == nil {
                    let (code, text) = Self.outcome(status)
                    failure = ("rank \(place.rank) (process \(process)) \(text)", code, Self.now())
                }
                continue
            }
            for _ in numSent..<Signals.count { for process in running.keys { kill(process, Signals.newest) } }
            numSent = Signals.count
            if let failure, Self.now() - failure.time > Self.graceSeconds {
                for process in running.keys { kill(process, SIGKILL) }
            }
            usleep(20_000)
        }
        guard let failure else { return 0 }
        FileHandle.standardError.write(Data("Error: \(failure.line); the run has ended\n".utf8))
        return failure.status
    }

    /// A process in a group of its own, so that a terminal's signals reach it through the launcher alone.
    private func start(_ place: ProcessPlace) throws -> pid_t {
        var environment = ProcessInfo.processInfo.environment.merging(place.environment) { $1 }
        environment[Self.parentVariable] = "\(getpid())"
        // LibTorch would show a stack for every connection that a failed process leaves behind.
        environment["TORCH_CPP_LOG_LEVEL"] = environment["TORCH_CPP_LOG_LEVEL"] ?? "ERROR"
        if environment["OMP_NUM_THREADS"] == nil {
            environment["OMP_NUM_THREADS"] = "\(max(1, ProcessInfo.processInfo.activeProcessorCount / place.localSize))"
        }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
        let words = arguments.map { strdup($0) } + [nil]
        let variables = environment.map { strdup("\($0)=\($1)") } + [nil]
        defer { (words + variables).forEach { free($0) } }
        var process: pid_t = 0
        let code = posix_spawn(&process, program, nil, &attributes, words, variables)
        guard code == 0 else {
            throw DistributedError("rank \(place.rank) cannot be started: \(String(cString: strerror(code)))")
        }
        return process
    }

    /// Ends this process soon after the launcher that started it was killed.
    public static func watchParent() {
        guard let parent = ProcessInfo.processInfo.environment[parentVariable].flatMap(pid_t.init) else { return }
        Thread.detachNewThread {
            while getppid() == parent { sleep(1) }
            _exit(1)
        }
    }

    private static func now() -> Double { Double(DispatchTime.now().uptimeNanoseconds) / 1e9 }

    private static func outcome(_ status: Int32) -> (code: Int32, text: String) {
        let signal = status & 0x7f
        guard signal == 0 else { return (128 + signal, "was killed by signal \(signal)") }
        return (status >> 8 & 0xff, "ended with status \(status >> 8 & 0xff)")
    }
}

/// SIGINT and SIGTERM as they come, to be handed on.
private enum Signals {
    private static let number = Atomic<Int>(0)
    private static let last = Atomic<Int32>(0)

    static var count: Int { number.load(ordering: .acquiring) }
    static var newest: Int32 { last.load(ordering: .relaxed) }

    static func listen() {
        TerminationSignals.handle { number in
            Signals.last.store(number, ordering: .relaxed)
            Signals.number.add(1, ordering: .releasing)
        }
    }
}
