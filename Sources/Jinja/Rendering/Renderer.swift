import Foundation

/// One rendering: what is written so far, and what it has cost.
final class Renderer {
    let limits: JinjaLimits
    let now: Date
    /// The line of the template that is being worked on, for messages.
    var line = 0
    /// The text of the template itself and of every block around this place that is collected into a value.
    private var outputs: [String] = [""]
    var generationRanges: [Range<Int>] = []
    let root: Scope
    private var depth = 0
    private var numSteps = 0
    private var numAllocated = 0
    private var nextClockCheck = 0
    private let deadline: ContinuousClock.Instant
    /// What may refer to itself and is taken apart at the end: scopes that macros remember, namespaces.
    private var scopes: [Scope] = []
    private var namespaces: [Namespace] = []

    init(_ variables: [String: Value], limits: JinjaLimits, now: Date) {
        self.limits = limits
        self.now = now
        deadline = .now + .seconds(limits.seconds)
        root = Scope(Scope(nil, Globals.all), variables)
        scopes.append(root)
    }

    func render(_ body: [Statement]) throws -> JinjaOutput {
        _ = try run(body, root)
        return JinjaOutput(text: outputs[0], generationRanges: generationRanges)
    }

    /// Breaks the circles between values, so that they are freed.
    func release() {
        for scope in scopes { scope.names = [:] }
        for namespace in namespaces { namespace.attributes = [:] }
    }

    func keep(_ scope: Scope) throws {
        try allocate(64)
        scopes.append(scope)
    }

    func makeNamespace() throws -> Namespace {
        try allocate(256)
        let namespace = Namespace()
        namespaces.append(namespace)
        return namespace
    }

    // MARK: - Limits

    /// Pays for work.
    @inline(__always)
    func step(_ count: Int = 1) throws {
        numSteps &+= count
        if numSteps >= nextClockCheck { try checkClock() }
    }

    /// Pays for looking at some bytes.
    func look(at numBytes: Int) throws { try step(1 + numBytes / 32) }

    private func checkClock() throws {
        guard numSteps <= limits.numSteps else {
            throw JinjaError(.limit, "the template takes more than \(limits.numSteps) steps")
        }
        guard ContinuousClock.now < deadline else {
            throw JinjaError(.limit, "the template takes longer than \(limits.seconds) seconds")
        }
        nextClockCheck = min(numSteps + 2048, limits.numSteps + 1)
    }

    /// Pays for memory before it is taken.
    func allocate(_ numBytes: Int) throws {
        guard numBytes >= 0, numBytes <= limits.numAllocatedBytes - numAllocated else {
            throw JinjaError(.limit, "the template's values take more than \(limits.numAllocatedBytes) bytes")
        }
        numAllocated += numBytes
        try step(1 + numBytes / 32)
    }

    /// Pays for a list of `count` values that are there already.
    func allocateItems(_ count: Int) throws {
        let (bytes, overflow) = count.multipliedReportingOverflow(by: 32)
        try allocate(overflow ? .max : 64 + bytes)
    }

    /// Pays for `count` copies of a text.
    func allocateCopies(_ count: Int, of numBytes: Int) throws {
        let (bytes, overflow) = max(count, 0).multipliedReportingOverflow(by: numBytes)
        try allocate(overflow ? .max : bytes)
    }

    /// Runs something one level deeper.
    @inline(__always)
    func enter() throws {
        depth += 1
        guard depth <= limits.depth else {
            throw JinjaError(.limit, "evaluation is nested deeper than \(limits.depth) levels")
        }
    }

    @inline(__always)
    func leave() { depth -= 1 }

    // MARK: - Output

    func write(_ text: String) throws {
        guard outputs[0].utf8.count + text.utf8.count <= limits.numOutputBytes else {
            throw JinjaError(.limit, "the template writes more than \(limits.numOutputBytes) bytes")
        }
        if outputs.count > 1 { try allocate(text.utf8.count) } else { try step(1 + text.utf8.count / 32) }
        outputs[outputs.count - 1] += text
    }

    /// What the template itself has written so far, in bytes.
    var numWrittenBytes: Int { outputs[0].utf8.count }

    /// Runs `body` and returns what it wrote instead of writing it.
    func collect(_ body: () throws -> Void) throws -> String {
        outputs.append("")
        do { try body() } catch {
            outputs.removeLast()
            throw error
        }
        return outputs.removeLast()
    }
}
