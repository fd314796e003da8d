import Foundation
import Torch

/// The profiler's tables, at most 80 columns wide: kernel groups of the training steps, and all phases with their memory.
struct ProfileReport {
    /// One row of the first table.
    struct Row: Equatable {
        let group: Profiler.Group
        let seconds: Double
        /// Multiplications and additions.
        let flops: Double
    }

    let recording: ProfileRecording
    let roof: ProductRoof
    let numSteps: Int
    let numTokens: Int
    /// The groups of all training steps, in their order.
    let rows: [Row]
    /// Seconds of all training steps.
    let seconds: Double

    init(_ recording: ProfileRecording, roof: ProductRoof, numSteps: Int, numTokens: Int) {
        self.recording = recording
        self.roof = roof
        self.numSteps = numSteps
        self.numTokens = numTokens
        let parts = Profiler.Phase.allCases.filter(\.isStep).compactMap { recording.parts[$0] }
        rows = Profiler.Group.allCases.map { group in
            Row(
                group: group, seconds: parts.reduce(0) { $0 + $1.groupSeconds[group.rawValue] },
                flops: parts.reduce(0) { $0 + $1.groupFlops[group.rawValue] })
        }
        seconds = parts.reduce(0) { $0 + $1.seconds }
    }

    var lines: [String] {
        let rate = Double(numTokens) / max(seconds, 1e-9)
        var lines = [
            "Profile of \(numSteps) steps: \(Self.seconds(seconds)) s, \(numTokens) tokens, \(String(format: "%.1f", rate)) tokens/s",
            Self.line("", ["seconds", "share", "GFLOP/s", "of roof"]),
        ]
        for row in rows where row.seconds > 0 { lines.append(line(row.group.title, row.seconds, row.flops)) }
        lines.append(line("steps", seconds, rows.reduce(0) { $0 + $1.flops }))
        lines.append(
            "Roof: \(Self.gigaflops(roof.rate)) GFLOP/s, products of \(roof.rows) x \(roof.depth) x \(roof.columns) in \(roof.dtype) alone"
        )
        lines += ["", Self.line("phase", ["seconds", "share", "resident", "tensors"])]
        let total = recording.parts.values.reduce(0) { $0 + $1.seconds }
        for phase in Profiler.Phase.allCases where phase != .other {
            guard let part = recording.parts[phase], part.seconds > 0 else { continue }
            lines.append(Self.phaseLine(phase.title, part, of: total))
        }
        if let rest = recording.parts[.other] { lines.append(Self.phaseLine("other", rest, of: total)) }
        lines.append("resident: most memory of the process; tensors: most allocated for tensors")
        return lines
    }

    private func line(_ title: String, _ seconds: Double, _ flops: Double) -> String {
        let rate = flops / max(seconds, 1e-9), hasRate = flops > 0
        return Self.line(
            title,
            [
                Self.seconds(seconds), Self.percent(seconds / max(self.seconds, 1e-9)),
                hasRate ? Self.gigaflops(rate) : "", hasRate ? Self.percent(rate / max(roof.rate, 1)) : "",
            ])
    }

    private static func phaseLine(_ title: String, _ part: ProfileRecording.Part, of total: Double) -> String {
        line(
            title,
            [
                seconds(part.seconds), percent(part.seconds / max(total, 1e-9)), megabytes(part.residentBytes),
                megabytes(part.tensorBytes),
            ])
    }

    private static func line(_ title: String, _ cells: [String]) -> String {
        let text = title.padding(toLength: 24, withPad: " ", startingAt: 0)
        let cells = cells[...(cells.lastIndex { !$0.isEmpty } ?? 0)]
        return text + cells.map { String(repeating: " ", count: max(1, 12 - $0.count)) + $0 }.joined()
    }

    private static func seconds(_ value: Double) -> String { String(format: "%.3f", value) }
    private static func percent(_ share: Double) -> String { String(format: "%.1f %%", 100 * share) }
    private static func gigaflops(_ rate: Double) -> String { String(format: "%.0f", rate / 1e9) }
    private static func megabytes(_ bytes: Int) -> String { "\(bytes / 1_000_000) MB" }
}

extension Profiler.Phase {
    /// What a reader calls it.
    var title: String {
        switch self {
        case .other: "other"
        case .load: "load"
        case .data: "data"
        case .forward: "forward"
        case .backward: "backward"
        case .optimizer: "optimizer"
        case .evaluation: "evaluation"
        case .save: "save"
        }
    }
}
