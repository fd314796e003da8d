import ArgumentParser
import Dispatch
import Foundation
import Inference
import RunConfig
import Server
import Synchronization

struct APICommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "api", abstract: "Serves a model over HTTP as OpenAI, vLLM and LLaMA-Factory do.",
        discussion: """
            anneal api X.yaml [key=value …] [--flag value …]
            anneal api MODEL_OR_ADAPTER_DIR --port 8000 --served-model-name NAME

            Listens on 127.0.0.1:8000 unless --host and --port (API_HOST, API_PORT) say otherwise. API_KEY asks clients for a key. \
            Adapters: --enable-lora --lora-modules NAME=FOLDER …; a request's `model` chooses. Limits: --max-model-len, \
            --max-num-seqs, --gpu-memory-utilization, --limit-mm-per-prompt '{"image": 8}'. Media: --allowed-local-media-path, \
            --allowed-media-domains. Prompt format, thinking, pixel limits and sampling are those recorded beside the model; \
            temperature, top_p, top_k, max_new_tokens are what a request gets that says nothing. All flags and endpoints: \
            Docs/api.md.
            """)

    @Argument(parsing: .allUnrecognized, help: "FILE.yaml or a folder, then key=value overrides and --flags.")
    var arguments: [String] = []

    func run() throws {
        var flags = try ServerFlags(arguments, environment: ProcessInfo.processInfo.environment)
        let config = try HubAccess.resolved(
            try RunConfig.load(
                modelArguments: try HubAccess.resolved(arguments: flags.rest), purpose: .inference))
        let settings = try InferenceSettings(config)
        (settings.notes + flags.notes).forEach { print("[note] \($0)") }
        var defaults = try settings.sampling.withoutBeams()
        if let lookup = flags.lookup {
            (defaults.numLookupTokens, defaults.lookupLengths) = (lookup.numTokens, lookup.lengths)
        }
        flags.settings.addNames(of: settings.location.modelFolder)
        let (engine, encoder) = try Self.model(settings, flags, isReward: config.tuning.stage == .rm)
        let server = APIServer(flags.settings, engine: engine, encoder: encoder, defaults: defaults) { print($0) }
        let host = flags.settings.host, names = flags.settings.modelNames, adapters = flags.settings.adapters
        try Self.wait {
            for adapter in adapters {
                try await engine.loadAdapter(named: adapter.name, folder: adapter.folder)
                print("Loaded adapter \(adapter.name) from \(adapter.folder)")
            }
            try await server.run { port in
                print("Serving \(names.joined(separator: ", ")) at http://\(host):\(port)/v1 (Ctrl-C ends it)")
                fflush(nil)
            }
            await engine.drain()
        }
    }

    /// What answers requests: a model that writes, or one of the stage rm, which scores.
    private static func model(_ settings: InferenceSettings, _ flags: ServerFlags, isReward: Bool) throws -> (
        engine: any GenerationEngine, encoder: PromptEncoder
    ) {
        if isReward {
            let model = try RewardModel(settings) { print($0) }
            return (model, model.encoder)
        }
        let session = try InferenceSession(settings, options: flags.engineOptions) { print($0) }
        print(session.engine.budget)
        return (session.engine, session.encoder)
    }

    /// Runs asynchronous work to its end on other threads.
    private static func wait(_ work: @escaping @Sendable () async throws -> Void) throws {
        let result = Mutex<Result<Void, any Error>>(.success(()))
        let done = DispatchSemaphore(value: 0)
        // The semaphore orders the two accesses.
        Task {
            do { try await work() } catch { result.withLock { $0 = .failure(error) } }
            done.signal()
        }
        done.wait()
        try result.withLock { $0 }.get()
    }
}
