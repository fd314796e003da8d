import Basics
import Foundation
import Synchronization

/// Whether the user asked the run to stop: the first SIGINT or SIGTERM lets the step finish and saves, a second one ends
/// the process at once.
public enum StopRequest {
    private static let requests = Atomic<Int>(0)

    /// True after the first signal.
    public static var isPending: Bool { requests.load(ordering: .relaxed) > 0 }

    /// Installs the handlers for the whole process.
    public static func listen() {
        TerminationSignals.handle { number in
            if StopRequest.requests.add(1, ordering: .relaxed).newValue > 1 { _exit(128 + number) }
        }
    }
}
