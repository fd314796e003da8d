/// How far something is, and its one-line renderings. A pure value, so that it can be tested without a terminal.
public struct ProgressState: Sendable, Equatable {
    /// What is going on: `training`, `loading model`.
    public var title: String
    /// What is counted, in the singular: `step`, `row`, `shard`; `byte` is shown in MB.
    public var unit: String
    public var total: Int
    public var step = 0
    /// Where this process began: steps of an earlier process took no time of this one.
    public var startStep = 0
    public var elapsedSeconds = 0.0
    public var tokensPerSecond: Double?
    /// Highest memory of the process or the accelerator.
    public var peakMemoryBytes: Int?
    public var loss: Double?

    public init(title: String, unit: String = "step", total: Int) {
        self.title = title
        self.unit = unit
        self.total = total
    }

    /// Seconds to go at the mean speed so far; nil while unknown.
    public var remainingSeconds: Double? {
        let numDone = step - startStep
        guard numDone > 0, total >= step, elapsedSeconds > 0 else { return nil }
        return Double(total - step) * elapsedSeconds / Double(numDone)
    }

    /// Done part, from 0 to 1.
    public var share: Double { total > 0 ? min(1, max(0, Double(step) / Double(total))) : 0 }

    /// A line of at most `width` columns: title, bar, count, and as many figures as there is room for.
    ///
    /// The bar is ASCII: block characters are two columns wide in some East Asian terminals.
    public func line(width: Int) -> String {
        let head = DisplayWidth.clip(title, to: max(0, min(24, width / 3)))
        var chosen: [Field] = []
        func length(_ fields: [Field]) -> Int {
            DisplayWidth.of(head) + fields.reduce(0) { $0 + DisplayWidth.of($1.text) + 2 }
        }
        let minBarWidth = 12
        for field in fields.sorted(by: { $0.priority < $1.priority })
        where length(chosen + [field]) + minBarWidth <= width {
            chosen.append(field)
        }
        let barWidth = min(32, width - length(chosen) - 1)
        let tail = chosen.sorted { $0.place < $1.place }.map { "  " + $0.text }.joined()
        let bar = barWidth >= 5 ? " " + Self.bar(share, width: barWidth) : ""
        return DisplayWidth.clip(head + bar + tail, to: max(0, width))
    }

    /// The same as a line of a log file, at any length.
    public var plainLine: String {
        ([title + ":"] + fields.sorted { $0.place < $1.place }.map(\.text)).joined(separator: " ")
    }

    private struct Field {
        let priority: Int
        let place: Int
        let text: String
    }

    private var fields: [Field] {
        let percent = Python.format(share * 100, "%.0f")
        var fields = [Field(priority: 0, place: 0, text: "\(count) \(percent)%")]
        if let loss { fields.append(Field(priority: 2, place: 1, text: "loss " + Python.format(loss, "%.4g"))) }
        if let tokensPerSecond {
            let digits = tokensPerSecond < 100 ? "%.1f" : "%.0f"
            fields.append(Field(priority: 3, place: 2, text: Python.format(tokensPerSecond, digits) + " tok/s"))
        }
        if let peakMemoryBytes {
            fields.append(Field(priority: 4, place: 3, text: "peak \(Self.size(peakMemoryBytes))"))
        }
        if let speed { fields.append(Field(priority: 5, place: 4, text: speed)) }
        if let remainingSeconds, step < total {
            fields.append(Field(priority: 1, place: 5, text: "ETA \(Python.duration(remainingSeconds))"))
        } else if step >= total && elapsedSeconds > 0 {
            fields.append(Field(priority: 1, place: 5, text: "took \(Python.duration(elapsedSeconds))"))
        }
        return fields
    }

    /// `120/1000`, of bytes `12.5/80.0 MB`.
    private var count: String {
        guard unit == "byte" else { return "\(step)/\(total)" }
        func megabytes(_ bytes: Int) -> String { Python.format(Double(bytes) / 1e6, "%.1f") }
        return "\(megabytes(step))/\(megabytes(total)) MB"
    }

    /// `1.25 s/step`, or `840/s` where that reads better; of bytes always `5.2 MB/s`.
    private var speed: String? {
        let numDone = step - startStep
        guard numDone > 0, elapsedSeconds > 0 else { return nil }
        if unit == "byte" { return Python.format(Double(numDone) / elapsedSeconds / 1e6, "%.1f") + " MB/s" }
        let seconds = elapsedSeconds / Double(numDone)
        return seconds >= 0.1
            ? "\(Python.format(seconds, "%.3g")) s/\(unit)" : "\(Python.format(1 / seconds, "%.0f"))/s"
    }

    static func bar(_ share: Double, width: Int) -> String {
        let inner = width - 2
        let numFull = Int(share * Double(inner))
        return "[" + String(repeating: "#", count: numFull) + String(repeating: ".", count: inner - numFull) + "]"
    }

    static func size(_ bytes: Int) -> String {
        let gibibytes = Double(bytes) / Double(1 << 30)
        return gibibytes >= 1 ? Python.format(gibibytes, "%.1f") + " GiB" : "\(bytes >> 20) MiB"
    }
}
