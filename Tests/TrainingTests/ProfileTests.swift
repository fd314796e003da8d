import Foundation
import TestSupport
import Testing
import Torch

@testable import Training

/// `anneal train --profile` as a user sees it.
struct ProfileTests {
    private struct Trace: Decodable {
        struct Event: Decodable {
            let ph: String
            let name: String
            let ts: Double?
            let dur: Double?
            let cat: String?
        }
        let traceEvents: [Event]
    }

    @Test func `the program prints where its steps went and leaves a trace that a browser reads`() throws {
        let folder = try TemporaryFolder(), output = "\(folder.path)/out"
        let run = try Program.train(
            RunSettings.lora(output: output, ["max_steps=2", "profile=true", "save_strategy=steps", "save_steps=1"]),
            in: folder.path)
        #expect(run.status == 0, "\(run.errors)")
        let report = run.output.components(separatedBy: "Profile of 2 steps").last?.split(separator: "\n") ?? []
        let shown = report.map { String($0) }
        for title in [
            "matrix products", "attention", "output layer and loss", "steps", "Roof:", "load", "forward", "save",
        ] {
            #expect(shown.contains { $0.hasPrefix(title) }, "\(title) in \(run.output)")
        }
        #expect(shown.allSatisfy { $0.count <= 80 || $0.hasPrefix("Trace:") }, "80 columns: \(shown)")

        let data = try Data(contentsOf: URL(fileURLWithPath: "\(output)/profile_trace.json"))
        let events = try JSONDecoder().decode(Trace.self, from: data).traceEvents
        let spans = events.filter { $0.ph == "X" }
        let phases = Set(spans.filter { $0.cat == "phase" }.map(\.name))
        #expect(phases.isSuperset(of: ["load", "forward", "backward", "optimizer", "save"]))
        #expect(spans.contains { $0.name == "attention gradient" } && spans.contains { $0.name.hasSuffix("backward") })
        // A span lies inside the phase that it belongs to: phases cover the run without overlapping.
        let ordered = spans.filter { $0.cat == "phase" }.compactMap { span in
            span.ts.flatMap { start in span.dur.map { (start, start + $0) } }
        }.sorted { $0.0 < $1.0 }
        #expect(zip(ordered, ordered.dropFirst()).allSatisfy { $0.1 <= $1.0 + 1 }, "no phase overlaps the next")
        #expect(events.contains { $0.ph == "C" && $0.name == "resident MB" })
    }

    @Test func `a run without the profile writes none`() throws {
        let folder = try TemporaryFolder()
        try train(RunSettings.lora(output: "\(folder.path)/out", ["max_steps=1"]))
        #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/out/profile_trace.json"))
    }

    @Test func `tables count shares of the steps and rates against the roof`() {
        var part = ProfileRecording.Part()
        part.seconds = 2
        part.groupSeconds[Profiler.Group.products.rawValue] = 1.5
        part.groupSeconds[Profiler.Group.other.rawValue] = 0.5
        part.groupFlops[Profiler.Group.products.rawValue] = 1.2e12
        part.residentBytes = 3_000_000
        let recording = ProfileRecording(
            parts: [.forward: part],
            events: [.init(name: "a \"b\"", group: .products, start: 0.5, seconds: 0.25)], memory: [(0.1, 3_000_000)])
        let roof = ProductRoof(rows: 768, depth: 896, columns: 4864, dtype: .bfloat16, rate: 1e12)
        let lines = ProfileReport(recording, roof: roof, numSteps: 4, numTokens: 1000).lines
        #expect(lines[0] == "Profile of 4 steps: 2.000 s, 1000 tokens, 500.0 tokens/s")
        #expect(lines[2] == "matrix products                1.500      75.0 %         800      80.0 %")
        #expect(lines.contains("steps                          2.000     100.0 %         600      60.0 %"))
        #expect(
            ChromeTrace(recording).text.contains(
                #"{"ph":"X","pid":1,"tid":1,"name":"a \"b\"","cat":"matrix products","ts":500000.000,"dur":250000.000}"#
            ))
    }
}
