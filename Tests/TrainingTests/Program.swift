import Foundation
import Testing

/// The `anneal` executable as a user runs it.
struct Program {
    let status: Int32
    let output: String
    let errors: String

    /// Runs `anneal train` with `arguments` in the working directory `folder` and waits. `meddle` may look at the process
    /// and signal it while it runs. `shell` comes before the command (limits, for instance).
    static func train(
        _ arguments: [String], in folder: String, shell: String = "", meddle: (pid_t) -> Void = { _ in }
    ) throws -> Program { try run(["train"] + arguments, in: folder, shell: shell, meddle: meddle) }

    /// The same for any command.
    static func run(
        _ arguments: [String], in folder: String, shell: String = "", meddle: (pid_t) -> Void = { _ in }
    ) throws -> Program {
        try #require(
            FileManager.default.isExecutableFile(atPath: Place.program.path), "build the executable first: swift build")
        let process = Process(), name = "\(folder)/.\(UUID().uuidString)"
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", "\(shell) exec \"$0\" \"$@\"", Place.program.path] + arguments
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        // One thread: resumed runs are compared bit by bit, and the other tests want the cores.
        // A cache of its own: what other tests prepare or remove meanwhile must not make a difference.
        process.environment = ProcessInfo.processInfo.environment.merging([
            "OMP_NUM_THREADS": "1", "ANNEAL_CACHE": "\(folder)/.cache",
        ]) { $1 }
        var streams: [FileHandle] = []
        for ending in ["out", "err"] {
            _ = FileManager.default.createFile(atPath: "\(name).\(ending)", contents: nil)
            streams.append(try #require(FileHandle(forWritingAtPath: "\(name).\(ending)")))
        }
        process.standardOutput = streams[0]
        process.standardError = streams[1]
        try process.run()
        meddle(process.processIdentifier)
        process.waitUntilExit()
        func text(_ ending: String) -> String {
            String(decoding: FileManager.default.contents(atPath: "\(name).\(ending)") ?? Data(), as: UTF8.self)
        }
        // A signal's number as a shell shows it.
        let status =
            process.terminationReason == .uncaughtSignal ? 128 + process.terminationStatus : process.terminationStatus
        return Program(status: status, output: text("out"), errors: text("err"))
    }
}
