import ArgumentParser
import Foundation
import Inference
import RunConfig
import Synchronization

struct ChatCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chat", abstract: "Talks with a model in the terminal.",
        discussion: """
            anneal chat X.yaml [key=value …]
            anneal chat MODEL_OR_ADAPTER_DIR [key=value …]

            An adapter folder knows its base model, prompt format, pixel limits and sampling. Settings: temperature, top_p, top_k, \
            max_new_tokens, do_sample, repetition_penalty, default_system, seed, infer_dtype.
            """)

    @Argument(parsing: .allUnrecognized, help: "FILE.yaml or a folder, then key=value overrides or --key value flags.")
    var arguments: [String] = []

    func run() throws {
        let config = try HubAccess.resolved(
            try RunConfig.load(modelArguments: try HubAccess.resolved(arguments: arguments), purpose: .inference))
        let settings = try InferenceSettings(config)
        settings.notes.forEach { print("[note] \($0)") }
        let session = try InferenceSession(settings) { print($0) }
        // Another answer each time, unless a seed is asked for.
        var sampling = try settings.sampling.withoutBeams()
        if !config.training.isGiven(\.seed) { sampling.seed = UInt64.random(in: 0 ... .max) }
        Interrupt.listen()
        var loop = ChatLoop(
            session, sampling: sampling,
            terminal: ChatLoop.Terminal(
                readLine: { readLine() },
                write: { text in
                    print(text, terminator: "")
                    fflush(nil)
                }, beginReply: Interrupt.begin, isStopped: { Interrupt.isPending }, endReply: Interrupt.end))
        loop.run()
    }
}

/// Ctrl-C: stops the reply that is being written, and leaves the program when there is none.
private enum Interrupt {
    private static let isReplying = Atomic<Bool>(false)
    private static let wasPressed = Atomic<Bool>(false)

    static var isPending: Bool { wasPressed.load(ordering: .relaxed) }

    static func begin() {
        wasPressed.store(false, ordering: .relaxed)
        isReplying.store(true, ordering: .relaxed)
    }

    static func end() { isReplying.store(false, ordering: .relaxed) }

    static func listen() {
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { _ in
            // A second press leaves even while a reply is computed.
            guard Interrupt.isReplying.load(ordering: .relaxed),
                !Interrupt.wasPressed.exchange(true, ordering: .relaxed)
            else {
                _exit(130)
            }
        }
        action.sa_flags = SA_RESTART
        sigaction(SIGINT, &action, nil)
        // A parent may have left it blocked.
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGINT)
        pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    }
}
