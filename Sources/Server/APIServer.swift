import Foundation
import Hummingbird
public import Inference
import Logging
import NIOCore
import ServiceLifecycle
import UnixSignals

/// An OpenAI-compatible HTTP server around one engine.
public struct APIServer: Sendable {
    private let api: API
    private let log: @Sendable (String) -> Void

    /// - Parameters:
    ///   - defaults: what a request gets that says nothing about sampling.
    ///   - log: hears what the operator should see.
    public init(
        _ settings: ServerSettings, engine: any GenerationEngine, encoder: PromptEncoder, defaults: SamplingSettings,
        log: @escaping @Sendable (String) -> Void
    ) {
        var settings = settings
        if settings.modelNames.isEmpty { settings.modelNames = ["model"] }
        api = API(
            settings: settings, engine: engine, encoder: encoder, defaults: defaults, metrics: Metrics(),
            constraints: ConstraintCompiler(encoder.tokenizer, vocabularySize: encoder.vocabularySize))
        self.log = log
    }

    /// Serves until SIGTERM or SIGINT (or, without signals, until the task is cancelled): then no new requests are taken and
    /// running answers get `shutdownSeconds` to end.
    ///
    /// - Parameters:
    ///   - handlesSignals: whether the process's signals end the server.
    ///   - onStart: hears the port once the server listens.
    public func run(handlesSignals: Bool = true, onStart: @escaping @Sendable (Int) async -> Void = { _ in })
        async throws
    {
        try await services(handlesSignals: handlesSignals, onStart: onStart).run()
    }

    /// The server as a service that can be told to stop.
    func services(
        handlesSignals: Bool, onStart: @escaping @Sendable (Int) async -> Void
    ) throws -> ServiceGroup {
        let settings = api.settings
        let requests = OpenRequests()
        var logger = Logger(label: "anneal", factory: { _ in SwiftLogNoOpLogHandler() })
        logger.logLevel = .critical
        let application = Application(
            responder: APIResponder(api: api, requests: requests, log: log),
            server: .http1(
                configuration: .init(
                    additionalChannelHandlers: [ConnectionGuard(settings, requests)],
                    httpDecoderConfiguration: .init(
                        maxHeaderFieldSize: 32 << 10, maxHeaderListSize: 64 << 10, maxHeaderFieldCount: 128))),
            configuration: .init(
                address: .hostname(settings.host, port: settings.port), serverName: "anneal", backlog: 1024),
            onServerRunning: { channel in await onStart(channel.localAddress?.port ?? settings.port) },
            logger: logger)
        var configuration = ServiceGroupConfiguration(
            services: [.init(service: application)],
            gracefulShutdownSignals: handlesSignals ? [.sigterm, .sigint] : [],
            logger: logger)
        configuration.maximumGracefulShutdownDuration = .seconds(settings.shutdownSeconds)
        return ServiceGroup(configuration: configuration)
    }
}
