import CTorch

/// What the profiler recorded. Times are in seconds, memory in bytes.
public struct ProfileRecording: Sendable {
    /// One phase: its time is the sum of its groups'.
    public struct Part: Sendable, Equatable {
        public var seconds = 0.0
        /// Time without what ran inside it, by `Profiler.Group`.
        public var groupSeconds = [Double](repeating: 0, count: Profiler.Group.allCases.count)
        /// Multiplications and additions of products and attention, by `Profiler.Group`.
        public var groupFlops = [Double](repeating: 0, count: Profiler.Group.allCases.count)
        /// Highest resident memory of the process during the phase.
        public var residentBytes = 0
        /// Highest sum of the tensors that were allocated since the recording's start.
        public var tensorBytes = 0

        public init() {}
    }

    /// One span of the trace.
    public struct Event: Sendable, Equatable {
        public var name: String
        /// Nil for a phase as a whole.
        public var group: Profiler.Group?
        /// Since the recording's start.
        public var start: Double
        public var seconds: Double

        public init(name: String, group: Profiler.Group?, start: Double, seconds: Double) {
            self.name = name
            self.group = group
            self.start = start
            self.seconds = seconds
        }
    }

    /// By phase.
    public var parts: [Profiler.Phase: Part] = [:]
    /// In the order of their ends.
    public var events: [Event] = []
    /// Spans that were counted but not kept, because there were too many.
    public var numDropped = 0
    /// Resident memory over time.
    public var memory: [(start: Double, bytes: Int)] = []

    public init(parts: [Profiler.Phase: Part], events: [Event], memory: [(start: Double, bytes: Int)] = []) {
        self.parts = parts
        self.events = events
        self.memory = memory
    }

    /// Reads what the last recording left.
    init() {
        for phase in Profiler.Phase.allCases {
            var part = Part(), stored = ct_profile_part_of(phase.rawValue)
            part.seconds = stored.seconds
            part.residentBytes = Int(stored.resident_bytes)
            part.tensorBytes = Int(stored.tensor_bytes)
            withUnsafeBytes(of: &stored.group_seconds) { part.groupSeconds = Array($0.bindMemory(to: Double.self)) }
            withUnsafeBytes(of: &stored.group_flops) { part.groupFlops = Array($0.bindMemory(to: Double.self)) }
            parts[phase] = part
        }
        var dropped: Int64 = 0
        events = (0..<ct_profile_num_events(&dropped)).map { index in
            let event = ct_profile_event_at(index)
            return Event(
                name: String(cString: event.name), group: Profiler.Group(rawValue: Int(event.group)),
                start: event.start, seconds: event.seconds)
        }
        numDropped = Int(dropped)
        memory = (0..<ct_profile_num_memory_samples()).map { index in
            let sample = ct_profile_memory_sample_at(index)
            return (sample.start, Int(sample.resident_bytes))
        }
    }
}
