import Foundation

/// One run of a program on lines of text, with a limit of time for each line of its answer.
struct ProgramRun {
    /// How a run ended that gave too few lines.
    enum Ending: Equatable {
        case finished(status: Int32)
        /// The shell found no such program, or may not run it.
        case notStarted(status: Int32)
        case timedOut(seconds: Double)

        var reason: String {
            switch self {
            case .finished(let status):
                status == 0 ? "the program gave too few lines" : "the program ended with status \(status)"
            case .notStarted(let status): "status \(status)"
            case .timedOut(let seconds): "the program gave no line in \(seconds) s"
            }
        }
    }

    private let command: String
    private let timeoutSeconds: Double

    init(_ command: String, timeoutSeconds: Double) {
        self.command = command
        self.timeoutSeconds = timeoutSeconds
    }

    /// The program's lines, as many as were asked for at most, and how it ended.
    func lines(answering input: [String]) throws -> (lines: [String], ending: Ending) {
        // From a file, so that a program which does not read cannot block this one.
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("anneal-reward-\(UUID().uuidString)")
        try Data(input.map { $0 + "\n" }.joined().utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let process = Process(), output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", command]
        process.standardInput = try FileHandle(forReadingFrom: file)
        process.standardOutput = output
        try process.run()
        // Only the program may hold the pipe open.
        try? output.fileHandleForWriting.close()
        defer { Self.end(process) }
        let descriptor = output.fileHandleForReading.fileDescriptor
        var bytes: [UInt8] = [], lines: [String] = []
        var deadline = Date().addingTimeInterval(timeoutSeconds)
        while lines.count < input.count {
            let left = deadline.timeIntervalSinceNow
            var event = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard left > 0, poll(&event, 1, Int32(min(left * 1000, 1e6)) + 1) > 0 else {
                if deadline.timeIntervalSinceNow > 0 { continue }
                return (lines, .timedOut(seconds: timeoutSeconds))
            }
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            let count = read(descriptor, &buffer, buffer.count)
            guard count > 0 else { break }
            bytes += buffer[..<count]
            guard bytes.count < 64 << 20 else { break }
            while let end = bytes.firstIndex(of: 0x0A), lines.count < input.count {
                let line = String(decoding: bytes[..<end], as: UTF8.self)
                bytes.removeSubrange(...end)
                // Programs print empty lines without meaning anything by them.
                guard line.contains(where: { !$0.isWhitespace }) else { continue }
                lines.append(line)
                deadline = Date().addingTimeInterval(timeoutSeconds)
            }
        }
        if lines.count < input.count, bytes.contains(where: { $0 > 0x20 }) {
            lines.append(String(decoding: bytes, as: UTF8.self))
        }
        guard lines.count < input.count else { return (lines, .finished(status: 0)) }
        // The output is closed; the program itself may still be there.
        let end = Date().addingTimeInterval(1)
        while process.isRunning, Date() < end { usleep(5000) }
        guard !process.isRunning else { return (lines, .timedOut(seconds: timeoutSeconds)) }
        let status = process.terminationStatus
        return (lines, status == 126 || status == 127 ? .notStarted(status: status) : .finished(status: status))
    }

    /// Ends the program and what it started.
    private static func end(_ process: Process) {
        guard process.isRunning else { return }
        let id = process.processIdentifier
        if getpgid(id) == id { kill(-id, SIGKILL) }
        kill(id, SIGKILL)
        process.waitUntilExit()
    }
}
