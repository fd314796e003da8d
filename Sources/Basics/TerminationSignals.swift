import Glibc

/// SIGINT and SIGTERM: how a user or a launcher asks a process to end.
package enum TerminationSignals {
    package static let all = [SIGINT, SIGTERM]

    /// Installs `handler` for the whole process; it may do only what a signal handler may.
    package static func handle(_ handler: @escaping @convention(c) (Int32) -> Void) {
        // A parent may have left them blocked: Foundation's Process does when it is used on a dispatch queue.
        var signals = sigset_t()
        sigemptyset(&signals)
        for signal in all { sigaddset(&signals, signal) }
        pthread_sigmask(SIG_UNBLOCK, &signals, nil)
        for signal in all {
            var action = sigaction()
            action.__sigaction_handler.sa_handler = handler
            sigaction(signal, &action, nil)
        }
    }
}
