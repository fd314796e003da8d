public import Foundation

/// The settings of the hubs' own clients, from their environment variables.
///
/// Sources: huggingface_hub/constants.py (1.x), modelscope_hub/config.py (0.5).
public struct HubEnvironment: Sendable {
    // The one place that names the hubs' hosts.
    private static let huggingFaceEndpoint = "https://huggingface.co"
    private static let modelScopeEndpoint = "https://www.modelscope.cn"

    private let variables: [String: String]

    /// - Parameter variables: the process's environment.
    public init(_ variables: [String: String] = ProcessInfo.processInfo.environment) { self.variables = variables }

    private func value(_ names: String...) -> String? {
        names.lazy.compactMap { variables[$0] }.first { !$0.isEmpty }
    }

    private func isTrue(_ name: String) -> Bool {
        ["1", "true", "yes", "on", "y"].contains(variables[name]?.lowercased() ?? "")
    }

    /// HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE: nothing is downloaded, only what is there is used.
    public var isOffline: Bool { isTrue("HF_HUB_OFFLINE") || isTrue("TRANSFORMERS_OFFLINE") }

    /// USE_MODELSCOPE_HUB: where a name without a hub is looked for.
    public var defaultHost: HubRepository.Host { isTrue("USE_MODELSCOPE_HUB") ? .modelscope : .huggingface }

    /// The address that all requests to a hub begin with: HF_ENDPOINT, MODELSCOPE_ENDPOINT or MODELSCOPE_DOMAIN.
    public func endpoint(_ host: HubRepository.Host) -> String {
        let endpoint =
            switch host {
            case .huggingface: value("HF_ENDPOINT") ?? Self.huggingFaceEndpoint
            case .modelscope:
                value("MODELSCOPE_ENDPOINT") ?? value("MODELSCOPE_DOMAIN").map {
                    $0.contains("://") ? $0 : "https://" + $0
                }
                    ?? Self.modelScopeEndpoint
            }
        return endpoint.hasSuffix("/") ? String(endpoint.dropLast()) : endpoint
    }

    /// The variable that names the hub's address, for messages.
    static func endpointVariable(_ host: HubRepository.Host) -> String {
        host == .huggingface ? "HF_ENDPOINT" : "MODELSCOPE_ENDPOINT"
    }

    /// The user's key: HF_TOKEN (or HUGGING_FACE_HUB_TOKEN), MODELSCOPE_API_TOKEN. It is never read from a file.
    func token(_ host: HubRepository.Host) -> String? {
        let token = host == .huggingface ? value("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN") : value("MODELSCOPE_API_TOKEN")
        return token?.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// The variable that holds the key, for messages.
    static func tokenVariable(_ host: HubRepository.Host) -> String {
        host == .huggingface ? "HF_TOKEN" : "MODELSCOPE_API_TOKEN"
    }

    /// HF_HUB_CACHE, else $HF_HOME/hub, else $XDG_CACHE_HOME/huggingface/hub, else ~/.cache/huggingface/hub.
    public var huggingFaceCache: String {
        if let cache = value("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE") { return expanded(cache) }
        let home = value("HF_HOME") ?? (value("XDG_CACHE_HOME") ?? "~/.cache") + "/huggingface"
        return expanded(home) + "/hub"
    }

    /// $MODELSCOPE_CACHE, else ~/.cache/modelscope/hub: data sets and models stand below it.
    public var modelScopeCache: String { expanded(value("MODELSCOPE_CACHE") ?? "~/.cache/modelscope/hub") }

    private func expanded(_ path: String) -> String {
        guard path == "~" || path.hasPrefix("~/") else { return path }
        return (variables["HOME"] ?? NSHomeDirectory()) + path.dropFirst()
    }
}
