import Basics
import Glibc
import Synchronization

/// Shows progress on standard error: a line that redraws itself on a terminal, a plain line every now and then elsewhere.
///
/// Safe to use from any thread. The terminal is asked for its width at each drawing, so that a resize needs no signal
/// handler. Nothing is drawn before `delaySeconds` have passed: short work stays quiet.
public final class ProgressBar: Sendable {
    private struct Contents {
        var state: ProgressState
        var isShown = false
        var isFinished = false
        var lastDrawSeconds = -Double.infinity
    }

    private static let areSilent = Atomic(false)

    /// Shows no bar of this process from now on: another one speaks for it.
    public static func silence() { areSilent.store(true, ordering: .relaxed) }

    private let contents: Mutex<Contents>
    private let descriptor: Int32
    private let isTerminal: Bool
    private let delaySeconds: Double
    private let plainIntervalSeconds: Double
    private let startSeconds: Double

    /// - Parameters:
    ///   - startStep: steps that an earlier process has done.
    ///   - delaySeconds: 0 for training; 2 suits loading and encoding.
    ///   - plainIntervalSeconds: least time between lines where there is no terminal.
    ///   - descriptor: where to write; standard error.
    ///   - isTerminal: nil to find out.
    public init(
        title: String, unit: String = "step", total: Int, startStep: Int = 0, delaySeconds: Double = 0,
        plainIntervalSeconds: Double = 15, descriptor: Int32 = 2, isTerminal: Bool? = nil
    ) {
        var state = ProgressState(title: title, unit: unit, total: total)
        state.step = startStep
        state.startStep = startStep
        contents = Mutex(Contents(state: state))
        self.descriptor = descriptor
        self.isTerminal = isTerminal ?? Self.canRedraw(descriptor)
        self.delaySeconds = delaySeconds
        self.plainIntervalSeconds = plainIntervalSeconds
        startSeconds = Self.now()
    }

    /// Sets what has been reached. Figures that are nil keep their last value.
    public func update(
        step: Int, tokensPerSecond: Double? = nil, peakMemoryBytes: Int? = nil, loss: Double? = nil
    ) {
        contents.withLock { contents in
            guard !contents.isFinished else { return }
            contents.state.step = step
            if let tokensPerSecond { contents.state.tokensPerSecond = tokensPerSecond }
            if let peakMemoryBytes { contents.state.peakMemoryBytes = peakMemoryBytes }
            if let loss { contents.state.loss = loss }
            drawIfDue(&contents)
        }
    }

    /// Counts further units as done.
    public func advance(by count: Int = 1) {
        contents.withLock { contents in
            guard !contents.isFinished else { return }
            contents.state.step += count
            drawIfDue(&contents)
        }
    }

    /// Writes a line of text without disturbing the bar: above it on a terminal.
    /// - Parameter target: where the line goes; standard output.
    public func write(line: String, to target: Int32 = 1) {
        contents.withLock { contents in
            let hasBar = isTerminal && contents.isShown && !contents.isFinished
            if hasBar { put("\r\u{1B}[K") }
            put(line + "\n", to: target)
            if hasBar { draw(&contents) }
        }
    }

    /// Draws the last state and ends the line. Further calls do nothing.
    public func finish() {
        contents.withLock { contents in
            guard !contents.isFinished else { return }
            contents.isFinished = true
            contents.state.elapsedSeconds = Self.now() - startSeconds
            guard contents.isShown || contents.state.elapsedSeconds >= delaySeconds else { return }
            draw(&contents)
            if isTerminal { put("\n") }
        }
    }

    /// The state as it is now.
    public var state: ProgressState { contents.withLock { $0.state } }

    private func drawIfDue(_ contents: inout Contents) {
        let now = Self.now() - startSeconds
        contents.state.elapsedSeconds = now
        guard now >= delaySeconds, now - contents.lastDrawSeconds >= (isTerminal ? 0.1 : plainIntervalSeconds) else {
            return
        }
        contents.lastDrawSeconds = now
        draw(&contents)
    }

    private func draw(_ contents: inout Contents) {
        contents.isShown = true
        if isTerminal {
            // One column stays free: a full line would wrap on some terminals.
            put("\r" + contents.state.line(width: Self.width(of: descriptor) - 1) + "\u{1B}[K")
        } else {
            put(contents.state.plainLine + "\n")
        }
    }

    /// A report that cannot be shown is no reason to stop the work.
    private func put(_ text: String, to target: Int32? = nil) {
        if Self.areSilent.load(ordering: .relaxed) { return }
        try? Array(text.utf8).withUnsafeBytes { try Files.write($0, to: target ?? descriptor, path: "terminal") }
    }

    private static func canRedraw(_ descriptor: Int32) -> Bool {
        guard isatty(descriptor) == 1, let name = getenv("TERM") else { return false }
        return String(cString: name) != "dumb"
    }

    private static func width(of descriptor: Int32) -> Int {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    private static func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
