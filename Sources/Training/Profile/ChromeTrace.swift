import Foundation
import Torch

/// A recording in Chrome's trace format: one complete event a span, one counter a memory sample, times in microseconds.
struct ChromeTrace {
    let recording: ProfileRecording

    init(_ recording: ProfileRecording) { self.recording = recording }

    func write(to path: String) throws { try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic) }

    /// The file's text, one event a line.
    var text: String {
        var lines = [
            "{\"ph\":\"M\",\"pid\":1,\"tid\":1,\"name\":\"thread_name\",\"args\":{\"name\":\"tensors\"}}"
        ]
        for event in recording.events {
            lines.append(
                "{\"ph\":\"X\",\"pid\":1,\"tid\":1,\"name\":\(Self.quoted(event.name)),\"cat\":\"\(event.group?.title ?? "phase")\","
                    + "\"ts\":\(Self.microseconds(event.start)),\"dur\":\(Self.microseconds(event.seconds))}")
        }
        for sample in recording.memory {
            lines.append(
                "{\"ph\":\"C\",\"pid\":1,\"name\":\"resident MB\",\"ts\":\(Self.microseconds(sample.start)),"
                    + "\"args\":{\"MB\":\(sample.bytes / 1_000_000)}}")
        }
        return
            "{\"displayTimeUnit\":\"ms\",\"otherData\":{\"spans_not_kept\":\"\(recording.numDropped)\"},\"traceEvents\":[\n"
            + lines.joined(separator: ",\n") + "\n]}\n"
    }

    private static func microseconds(_ seconds: Double) -> String { String(format: "%.3f", seconds * 1e6) }

    /// Names are C++ identifiers; whatever else one may hold is escaped.
    private static func quoted(_ name: String) -> String {
        var text = "\""
        for scalar in name.unicodeScalars {
            switch scalar {
            case "\"", "\\": text += "\\\(scalar)"
            case _ where scalar.value < 32: text += String(format: "\\u%04x", scalar.value)
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text + "\""
    }
}
