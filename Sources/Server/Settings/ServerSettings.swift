public import Inference

/// How the server meets its clients: where it listens, who may ask, and how much one request may cost.
public struct ServerSettings: Sendable, Equatable {
    /// Address to listen on (`--host`, API_HOST).
    public var host = "127.0.0.1"
    /// Port to listen on, 0 for a free one (`--port`, API_PORT).
    public var port = 8000
    /// What clients must send as bearer token (`--api-key`, API_KEY); nil lets everybody in.
    public var apiKey: String?
    /// Names of the model; the first is the one that answers bear (`--served-model-name`, API_MODEL_NAME).
    public var modelNames: [String] = []
    /// Further names that requests may use; /v1/models does not list them.
    public var aliases: [String] = []
    /// The model's folder, for /v1/models.
    public var modelRoot = ""
    /// Put before every path by a proxy (FASTAPI_ROOT_PATH).
    public var rootPath = ""
    /// Writes each request, without texts and pictures (API_VERBOSE).
    public var isVerbose = false
    /// Origins whose pages may ask, `*` for all (`--allowed-origins`).
    public var allowedOrigins: [String] = []
    /// Bytes of one request (`--max-body-bytes`).
    public var maxBodyBytes = 64 << 20
    /// Images and videos of one request (`--limit-mm-per-prompt`).
    public var maxImages = 64
    public var maxVideos = 4
    /// Pixels of one image or frame (`--max-image-pixels`).
    public var maxImagePixels = 50_000_000
    /// Bytes of one fetched or decoded media file.
    public var maxMediaBytes = 32 << 20
    /// Folder below which `file://` media may lie (`--allowed-local-media-path`); nil refuses them.
    public var localMediaFolder: String?
    /// Hosts from which media may be fetched (`--allowed-media-domains`), `*` for every public one; empty refuses them.
    public var mediaDomains: [String] = []
    /// Hosts in private networks may be fetched from, too (`--allow-private-media`).
    public var allowsPrivateMedia = false
    /// Seconds for fetching one media file.
    public var mediaSeconds = 10
    /// Control tokens in the texts of a conversation keep their meaning (`--allow-special-tokens`).
    public var allowsSpecialTokens = false
    /// Clients may load and unload adapters (`--enable-lora`).
    public var loadsAdapters = false
    /// Adapters that are served from the start (`--lora-modules`).
    public var adapters: [NamedAdapter] = []
    /// Answers of one request.
    public var maxChoices = 128
    /// Likeliest tokens that are reported (`--max-logprobs`).
    public var maxLogprobs = 20
    /// Seconds for a request's head, for its body, and between requests of one connection.
    public var headSeconds = 20.0
    public var bodySeconds = 120.0
    public var idleSeconds = 75.0
    /// Seconds that running answers get after SIGTERM (`--shutdown-seconds`).
    public var shutdownSeconds = 30

    public init() {}
}

extension ServerSettings {
    /// Lets the model be called by its folder when it was given no name.
    ///
    /// LLaMA-Factory's default name counts as well, so that its clients find the model.
    public mutating func addNames(of folder: String) {
        modelRoot = folder
        guard modelNames.isEmpty else { return }
        modelNames = [folder.split(separator: "/").last.map(String.init) ?? folder]
        aliases = [folder, "gpt-3.5-turbo"]
    }
}
