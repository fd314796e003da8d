import Foundation
public import Inference
import JSON
import RunConfig

/// What `anneal api` was told on the command line and by the environment: the server's settings, the engine's, and what is
/// left for the model's configuration.
public struct ServerFlags: Sendable, Equatable {
    public var settings = ServerSettings()
    /// Longest prompt and answer together (`--max-model-len`); nil leaves it to the model.
    public var maxModelLength: Int?
    /// Requests that run at the same time (`--max-num-seqs`).
    public var maxSequences: Int?
    /// Prompt tokens of one step (`--max-num-batched-tokens`).
    public var tokensPerStep: Int?
    /// Share of the free memory for keys and values (`--gpu-memory-utilization`).
    public var memoryShare: Double?
    /// Whether common beginnings of prompts are kept (`--no-enable-prefix-caching`).
    public var sharesPrefixes = true
    /// What is guessed ahead by prompt lookup (`--speculative-config`); nil leaves it to the model's configuration.
    public var lookup: Lookup?
    /// Arguments that are no flags of the server.
    public var rest: [String] = []
    /// What the operator should see.
    public var notes: [String] = []

    /// - Throws: naming the flag that has no value or a wrong one.
    public init(_ arguments: [String], environment: [String: String] = [:]) throws {
        settings.loadsAdapters = false
        try read(environment)
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            guard argument.hasPrefix("--"), let (flag, inline) = Self.split(argument), let kind = Self.flags[flag]
            else {
                self.rest.append(argument)
                continue
            }
            switch kind {
            case .on(let apply):
                if let inline, !["true", "1"].contains(inline.lowercased()) {
                    throw ServerFlagError("--\(flag) takes no value")
                }
                apply(&self)
            case .value(let apply):
                guard let value = inline ?? rest.popFirst() else { throw ServerFlagError("--\(flag) needs a value") }
                try apply(&self, value, "--\(flag)")
            case .values(let apply):
                var values = inline.map { [$0] } ?? []
                while inline == nil, let next = rest.first, !next.hasPrefix("--"), !Self.isSetting(next) {
                    values.append(next)
                    rest = rest.dropFirst()
                }
                guard !values.isEmpty else { throw ServerFlagError("--\(flag) needs a value") }
                try apply(&self, values, "--\(flag)")
            }
        }
        if !settings.adapters.isEmpty, !settings.loadsAdapters {
            notes.append("--lora-modules: clients cannot load further adapters without --enable-lora")
        }
        if !["127.0.0.1", "localhost", "::1"].contains(settings.host), settings.apiKey == nil {
            notes.append(
                "anyone who reaches \(settings.host):\(settings.port) can use this server: set API_KEY to ask for a key"
            )
        }
    }

    /// What the engine is to do with the machine.
    public var engineOptions: EngineOptions {
        var options = EngineOptions()
        if let maxModelLength { options.length = .tokens(maxModelLength) }
        options.memoryShare = memoryShare ?? options.memoryShare
        options.numSequences = maxSequences ?? options.numSequences
        options.tokensPerStep = tokensPerStep ?? options.tokensPerStep
        options.sharesPrefixes = sharesPrefixes
        return options
    }

    /// Guesses of prompt lookup.
    public struct Lookup: Sendable, Equatable {
        /// Tokens guessed ahead.
        public var numTokens: Int
        /// Lengths of the piece of text that is looked up.
        public var lengths: ClosedRange<Int>
    }

    private enum Kind {
        case on(@Sendable (inout ServerFlags) -> Void)
        case value(@Sendable (inout ServerFlags, String, String) throws -> Void)
        /// All words up to the next flag.
        case values(@Sendable (inout ServerFlags, [String], String) throws -> Void)
    }

    /// Whether a word is `key=value` of the model's configuration and no longer a value of the flag before it.
    private static func isSetting(_ word: String) -> Bool {
        guard let equals = word.firstIndex(of: "=") else { return false }
        return RunConfig.documentation(of: String(word[..<equals])) != nil
    }

    /// `--max-model-len=5` as its name with dashes, and the value.
    private static func split(_ argument: String) -> (String, String?)? {
        let parts = argument.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard let name = parts.first, !name.isEmpty else { return nil }
        return (name.replacingOccurrences(of: "_", with: "-"), parts.count > 1 ? String(parts[1]) : nil)
    }

    private static func int(_ text: String, _ flag: String, _ range: ClosedRange<Int>) throws -> Int {
        guard let value = Int(text), range.contains(value) else {
            throw ServerFlagError(
                "\(flag) must be a whole number from \(range.lowerBound) to \(range.upperBound), not \(text)")
        }
        return value
    }

    /// All flags: one line each.
    private static let flags: [String: Kind] = [
        "host": .value { flags, value, _ in flags.settings.host = value },
        "port": .value { flags, value, name in flags.settings.port = try int(value, name, 0...65535) },
        "api-key": .value { flags, value, _ in flags.settings.apiKey = value.isEmpty ? nil : value },
        "served-model-name": .values { flags, values, _ in flags.settings.modelNames = values },
        "root-path": .value { flags, value, _ in flags.settings.rootPath = value },
        "max-model-len": .value { flags, value, name in flags.maxModelLength = try int(value, name, 1...(1 << 24)) },
        "max-num-seqs": .value { flags, value, name in flags.maxSequences = try int(value, name, 1...65536) },
        "max-num-batched-tokens": .value { flags, value, name in
            flags.tokensPerStep = try int(value, name, 16...(1 << 20))
        },
        "gpu-memory-utilization": .value { flags, value, name in
            guard let share = Double(value), share > 0, share <= 1 else {
                throw ServerFlagError("\(name) must be above 0 and at most 1, not \(value)")
            }
            flags.memoryShare = share
            flags.notes.append("\(name) \(value): that share of the memory free after loading is for keys and values")
        },
        "speculative-config": .value { flags, value, name in try flags.readLookup(value, name) },
        "enable-prefix-caching": .on { $0.sharesPrefixes = true },
        "no-enable-prefix-caching": .on { $0.sharesPrefixes = false },
        "limit-mm-per-prompt": .value { flags, value, name in try flags.readLimits(value, name) },
        "max-image-pixels": .value { flags, value, name in
            flags.settings.maxImagePixels = try int(value, name, 1...178_956_970)
        },
        "max-body-bytes": .value { flags, value, name in
            flags.settings.maxBodyBytes = try int(value, name, 1024...(1 << 32))
        },
        "max-logprobs": .value { flags, value, name in flags.settings.maxLogprobs = try int(value, name, 0...1000) },
        "shutdown-seconds": .value { flags, value, name in
            flags.settings.shutdownSeconds = try int(value, name, 0...86400)
        },
        "enable-lora": .on { $0.settings.loadsAdapters = true },
        "lora-modules": .values { flags, values, name in
            flags.settings.adapters += try values.map { try adapter($0, name) }
        },
        "allowed-local-media-path": .value { flags, value, name in
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: value, isDirectory: &isFolder), isFolder.boolValue else {
                throw ServerFlagError("\(name): \(value) is no folder")
            }
            flags.settings.localMediaFolder = value
        },
        "allowed-media-domains": .values { flags, values, _ in flags.settings.mediaDomains = values.flatMap(list) },
        "allow-private-media": .on { $0.settings.allowsPrivateMedia = true },
        "allowed-origins": .values { flags, values, _ in flags.settings.allowedOrigins = values.flatMap(list) },
        "allow-special-tokens": .on { $0.settings.allowsSpecialTokens = true },
        "model": .value { flags, value, _ in flags.rest.append("model_name_or_path=\(value)") },
        "dtype": .value { flags, value, _ in flags.rest.append("infer_dtype=\(value)") },
        "tensor-parallel-size": .value { _, value, name in try one(value, name) },
        "pipeline-parallel-size": .value { _, value, name in try one(value, name) },
        "trust-remote-code": .on { $0.notes.append("--trust-remote-code: code of a model folder is never run") },
        "disable-log-stats": .on {
            $0.notes.append("--disable-log-stats: nothing is logged a request unless API_VERBOSE=1")
        },
        "disable-log-requests": .on {
            $0.notes.append("--disable-log-requests: requests are not logged unless API_VERBOSE=1")
        },
        "enable-auto-tool-choice": .on { $0.notes.append("--enable-auto-tool-choice: always on") },
        "tool-call-parser": .value { flags, value, _ in
            flags.notes.append("--tool-call-parser \(value): calls are read by the template's own tool format")
        },
        "reasoning-parser": .value { flags, value, _ in
            flags.notes.append("--reasoning-parser \(value): thoughts are read by the template's own words")
        },
        "max-loras": .value { flags, value, name in
            flags.notes.append("\(name) \(value): any number of adapters can be loaded")
        },
        "max-lora-rank": .value { flags, value, name in flags.notes.append("\(name) \(value): any rank can be loaded")
        },
        "enforce-eager": .on { $0.notes.append("--enforce-eager: there are no graphs to switch off") },
        "chat-template": .value { _, _, name in
            throw ServerFlagError("\(name) is not supported: name the template of the model with template=NAME")
        },
    ]

    private static func one(_ value: String, _ flag: String) throws {
        guard value == "1" else { throw ServerFlagError("\(flag) \(value): only 1 is supported") }
    }

    /// A JSON list, or names between commas.
    private static func list(_ text: String) -> [String] {
        if let items = (try? JSONValue(parsing: text))?.arrayValue { return items.compactMap(\.stringValue) }
        return text.split(separator: ",").map(String.init)
    }

    /// `name=folder`, or vLLM's JSON form.
    private static func adapter(_ text: String, _ flag: String) throws -> NamedAdapter {
        if text.hasPrefix("{"), let value = try? JSONValue(parsing: text), let name = value["name"]?.stringValue,
            let folder = value["path"]?.stringValue
        {
            return .init(name: name, folder: folder)
        }
        let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { throw ServerFlagError("\(flag): write name=folder, not \(text)") }
        return .init(name: parts[0], folder: parts[1])
    }

    /// vLLM's JSON for guesses from the text itself: `{"method": "ngram", "num_speculative_tokens": 5, "prompt_lookup_max": 4}`.
    private mutating func readLookup(_ text: String, _ flag: String) throws {
        guard let members = (try? JSONValue(parsing: text))?.members else {
            throw ServerFlagError("\(flag): write {\"method\": \"ngram\", \"num_speculative_tokens\": 5}, not \(text)")
        }
        var numbers: [String: Int] = [:]
        for member in members {
            switch member.key {
            case "method", "model":
                guard ["ngram", "[ngram]"].contains(member.value.stringValue ?? "") else {
                    throw ServerFlagError("\(flag): method \(member.value.text()) is not supported; ngram is")
                }
            case "num_speculative_tokens", "prompt_lookup_max", "prompt_lookup_min":
                guard let number = member.value.intValue, (1...64).contains(number) else {
                    throw ServerFlagError("\(flag): \(member.key) must be a whole number from 1 to 64")
                }
                numbers[member.key] = number
            default: throw ServerFlagError("\(flag): \(member.key) is not supported")
            }
        }
        guard let count = numbers["num_speculative_tokens"] else {
            throw ServerFlagError("\(flag): num_speculative_tokens is missing")
        }
        // vLLM's defaults.
        let most = numbers["prompt_lookup_max"] ?? numbers["prompt_lookup_min"] ?? 5
        let least = numbers["prompt_lookup_min"] ?? most
        guard least <= most else { throw ServerFlagError("\(flag): prompt_lookup_min is above prompt_lookup_max") }
        lookup = Lookup(numTokens: count, lengths: least...most)
    }

    /// `{"image": 8}` or `image=8,video=1`.
    private mutating func readLimits(_ text: String, _ flag: String) throws {
        var limits: [(String, Int?)] = []
        if let members = (try? JSONValue(parsing: text))?.members {
            limits = members.map { ($0.key, $0.value.intValue) }
        } else {
            limits = text.split(separator: ",").map { part in
                let words = part.split(separator: "=", maxSplits: 1).map(String.init)
                return (words.first ?? "", words.count == 2 ? Int(words[1]) : nil)
            }
        }
        for (kind, limit) in limits {
            guard let limit, limit >= 0 else { throw ServerFlagError("\(flag): write {\"image\": 8}, not \(text)") }
            switch kind {
            case "image": settings.maxImages = limit
            case "video": settings.maxVideos = limit
            case "audio" where limit == 0: break
            case "audio": notes.append("\(flag): audio is not supported")
            default: throw ServerFlagError("\(flag): \(kind) is none of image, video")
            }
        }
    }

    /// LLaMA-Factory's and vLLM's variables; flags overrule them.
    private mutating func read(_ environment: [String: String]) throws {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        func isOn(_ name: String) -> Bool { ["true", "y", "1"].contains(environment[name]?.lowercased() ?? "") }
        if let host = value("API_HOST") { settings.host = host }
        if let port = value("API_PORT") { settings.port = try Self.int(port, "API_PORT", 0...65535) }
        settings.apiKey = value("API_KEY") ?? value("VLLM_API_KEY")
        if let name = value("API_MODEL_NAME") { settings.modelNames = [name] }
        settings.isVerbose = isOn("API_VERBOSE")
        settings.rootPath = value("FASTAPI_ROOT_PATH") ?? ""
        if isOn("VLLM_ALLOW_RUNTIME_LORA_UPDATING") { settings.loadsAdapters = true }
        if isOn("ALLOW_LOCAL_FILES") {
            guard let folder = value("SAFE_MEDIA_PATH") else {
                throw ServerFlagError(
                    "ALLOW_LOCAL_FILES needs SAFE_MEDIA_PATH: the folder whose files requests may name")
            }
            settings.localMediaFolder = folder
        }
        if let count = value("MAX_CONCURRENT") { maxSequences = try Self.int(count, "MAX_CONCURRENT", 1...65536) }
    }
}

/// A flag or variable of the server that cannot be used.
public struct ServerFlagError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String

    init(_ message: String) { description = message }
}
